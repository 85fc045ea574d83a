"""Pseudonyms depend on the key, the namespace and the identifier, and on nothing else."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from services.core.contracts import PatientMerge
from services.core.errors import ConfigurationError
from services.core.pseudonyms import Pseudonymiser, parse_keys

FIRST, SECOND = "a:" + "x" * 16, "b:" + "y" * 16
AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_pseudonym_is_the_hmac_of_lengths_and_parts() -> None:
    expected = hmac.new(b"x" * 16, b"4:HOSP4:4711", hashlib.sha256).hexdigest()[:32]
    assert Pseudonymiser(parse_keys(FIRST)).pseudonym("HOSP", "4711").key == f"a-{expected}"


def test_spaces_around_an_identifier_do_not_count_and_everything_else_does() -> None:
    names = Pseudonymiser(parse_keys(FIRST))
    assert names.pseudonym("HOSP ", " 4711").key == names.pseudonym("HOSP", "4711").key
    different = [("HOSP", "4712"), ("HOSQ", "4711"), ("HOS", "P4711"), ("", "HOSP4711")]
    keys = {names.pseudonym(*pair).key for pair in [("HOSP", "4711"), *different]}
    assert len(keys) == 5


def test_the_first_key_is_current_and_the_others_are_merged_into_it() -> None:
    old = Pseudonymiser(parse_keys(FIRST)).pseudonym("HOSP", "4711")
    new = Pseudonymiser(parse_keys(f"{SECOND}\n{FIRST}")).pseudonym("HOSP", "4711")
    assert new.key.startswith("b-")
    assert new.older == (old.key,)
    assert old.merges("s", AT) == ()
    assert new.merges("s", AT) == (
        PatientMerge(source="s", surviving=new.key, retired=old.key, occurred_at=AT),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a:short",
        "short",
        "short:a",
        f"{FIRST} {FIRST}",
        f"xxxx:{'y' * 16} xxxx:{'z' * 16}",
        "A B",
        ":" + "x" * 16,
        "x" * 16,
        "x" * 40,
        "a:" + "x" * 16 + "\udcff",
    ],
)
def test_unfit_keys_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_keys(text)
    assert "short" not in str(caught.value)
    assert "xxxx" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    (key,) = parse_keys(FIRST)
    assert "xxxx" not in repr(key)
