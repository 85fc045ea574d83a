"""The weights in the card of a version are those that its notes are read with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from services.bootstrap.components import Components
from services.config import Settings
from services.core.contracts import Assertion, Extraction
from tests.fakes.documents import document
from tests.samples.models import shipped
from training.publish.served_parity import LocalModel, as_note

pytestmark = pytest.mark.training

NOTE = as_note(document("She developed a severe rash after amoxicillin."))


async def read(repository: Path) -> Extraction:
    components = Components(Settings(model_repository=repository))
    extractor = components.extractor_of(lambda name: LocalModel(repository / name / "9", name))
    (extraction,) = await extractor.extract([NOTE])
    return extraction


async def test_statuses_follow_the_weights_of_the_card(tmp_path: Path) -> None:
    for model in ("ner", "relation"):
        shutil.copytree(shipped(model), tmp_path / model / "9")
    before = await read(tmp_path)
    assert {one.assertion for one in before.relations} == {Assertion.AFFIRMED}
    path = tmp_path / "relation" / "9" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    family = card["status_weights"]["statuses"].index("family")
    card["status_weights"]["bias"][family] += 50
    path.write_text(json.dumps(card))
    after = await read(tmp_path)
    assert {one.assertion for one in after.relations} == {Assertion.FAMILY}
    assert len(after.relations) == len(before.relations)
