"""`python -m training.vocabulary`: compile the lexicon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.adapters.vocabulary import lexicon_file
from training.settings import data_dir
from training.vocabulary.compile import compile_entries

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def compile_lexicon(
    out: Annotated[Path, typer.Option(help="file to write")] = lexicon_file.SHIPPED,
    with_hpo: Annotated[
        bool, typer.Option("--with-hpo", help="HPO's names too: not to be given away")
    ] = False,
) -> None:
    """Compile the lexicon from the folder that ADEWATCH_DATA_DIR names."""
    entries = compile_entries(data_dir(), with_hpo=with_hpo)
    lexicon_file.write(out, entries)
    lexicon = lexicon_file.load(out)
    for kind, of_type in lexicon.entries.items():
        typer.echo(f"{kind.value}: {len(of_type.concepts)} concepts, {len(of_type.names)} names")
    typer.echo(f"{lexicon.version}: {out.stat().st_size / 1e6:.2f} MB in {out}")


if __name__ == "__main__":
    app()
