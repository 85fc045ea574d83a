"""The fits of EBGM's prior."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.statistics_ports import PriorFit

app = typer.Typer(help="Fits of EBGM's prior.", no_args_is_help=True)


@app.command("list")
def list_priors(
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
) -> None:
    """Show which prior was fitted when, to what, and whether the search converged."""

    async def work(components: Components) -> list[PriorFit]:
        return components.priors.history(limit)

    out.print(prior_table(with_components(work)))


def prior_table(fits: list[PriorFit]) -> Table:
    """Fits as a table for a terminal, the newest first."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    headers = ("fit", "at", "ledger", "pairs", "cases", "α1", "β1", "α2", "β2", "P", "outcome")
    for header in headers:
        table.add_column(header, no_wrap=header != "outcome")
    for fit in fits:
        made = fit.hyperparameters
        prior = made.prior
        numbers = (
            ["–"] * 5
            if prior is None
            else [
                f"{number:.4g}"
                for number in (prior.alpha1, prior.beta1, prior.alpha2, prior.beta2, prior.weight)
            ]
        )
        table.add_row(
            str(fit.revision),
            f"{fit.fitted_at:%Y-%m-%d %H:%M}",
            str(fit.ledger_sequence),
            str(made.pairs),
            str(made.cases),
            *numbers,
            _outcome(fit),
        )
    return table


def _outcome(fit: PriorFit) -> str:
    last = fit.hyperparameters.last
    if not last.converged:
        return f"not converged, the prior before stays in use: {last.message}"
    if last.weak:
        return f"with the weak density: {last.message}"
    return f"converged ({last.agreeing} of {last.searches} searches)"
