"""An extract worker has a shadow if the settings give it notes."""

from __future__ import annotations

from pathlib import Path

from services.bootstrap.components import Components
from services.bootstrap.shadowing import shadowed
from services.config import Settings
from services.extract.shadow import ShadowedReader

REPOSITORY = Path(__file__).parents[2] / "model_repository"


def components(share: float, database: Path) -> Components:
    return Components(
        Settings(
            model_repository=REPOSITORY,
            shadow_share=share,
            database_url=f"sqlite:///{database / 'record.sqlite'}",
        )
    )


async def test_without_a_share_of_the_notes_the_serving_reader_is_alone(tmp_path: Path) -> None:
    one = components(0, tmp_path)
    assert shadowed(one) == (one.extractor, ())
    await one.close()


async def test_with_a_share_the_shadow_looks_on_and_records(tmp_path: Path) -> None:
    one = components(0.5, tmp_path)
    reader, beside = shadowed(one)
    assert isinstance(reader, ShadowedReader)
    assert len(beside) == 2
    await one.close()
