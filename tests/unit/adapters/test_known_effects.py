"""Lists that reviewers bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.adapters.known_effects import known_pairs, serious_events
from services.core.contracts import Pair
from services.core.errors import ConfigurationError
from services.core.normalise import concept


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.tsv"


def test_names_are_normalised_as_mentions_are(path: Path) -> None:
    path.write_text("# label of 2026\n\nAmoxicillin 500 mg\tSevere rash\nLisinopril\tcough\r\n")
    assert known_pairs(path, concept) == {Pair("amoxicillin", "rash"), Pair("lisinopril", "cough")}


def test_events_are_one_a_line(path: Path) -> None:
    path.write_text("Stevens-Johnson syndrome\n# no\nAnaphylaxis\n", encoding="utf-8-sig")
    assert serious_events(path, concept) == {"stevens johnson syndrome", "anaphylaxis"}


@pytest.mark.parametrize("line", ["amoxicillin", "amoxicillin\t", "a\tb\tc", "amoxicillin, rash"])
def test_a_line_that_is_no_pair_is_named(path: Path, line: str) -> None:
    path.write_text(f"lisinopril\tcough\n{line}\n")
    with pytest.raises(ConfigurationError, match="line 2"):
        known_pairs(path, concept)


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"list\.tsv"):
        known_pairs(path, concept)
    path.write_bytes(b"\xff\xfe\t\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        known_pairs(path, concept)
