"""Whatever comes in, it ends as notes or as a refusal with a reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.errors import InvalidMessage
from services.ingest.attachments import Attachment, text_of_attachment
from services.ingest.hl7_message import read_message
from services.ingest.mime import read_parts
from services.ingest.recognise import parse
from tests.benchmarks.mutation_fuzz import SEEDS, ending, fuzz
from tests.samples.hospital import INTAKE, hl7

ROOT = Path(__file__).parents[2]
LIMIT = 10_000
ESCAPES = {"|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\", "\\": "\\E\\"}
MEDIA_TYPES = ["", "text/plain", "text/html", "text/rtf", "text/xml", "application/pdf",
               "application/hl7-v3+xml", "multipart/related"]  # fmt: skip


@pytest.mark.parametrize("name", SEEDS)
def test_mutants_of_every_format_end_well(name: str) -> None:
    report = fuzz(name, 60, seed=7)
    assert report.failures == []
    assert sum(report.ends.values()) == 60


@pytest.mark.parametrize(
    ("allowed", "status", "said"),
    [([], 0, "within the 512 MiB"), (["--memory-mib", "0"], 1, "FAILED: more than the 0 MiB")],
)
def test_memory_that_grows_beyond_the_bound_fails_the_benchmark(
    allowed: list[str], status: int, said: str
) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.mutation_fuzz", "--messages", "20", *allowed]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.stderr == ""
    assert said in ended.stdout.splitlines()[-1]
    assert ended.returncode == status


@given(st.binary(max_size=300), st.sampled_from([b"", b"MSH|^~\\&|", b'{"resourceType":', b"{"]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_end_well(value: bytes, start: bytes) -> None:
    assert ending(start + value)[1] == ""


@given(st.sampled_from(MEDIA_TYPES), st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_attachment_ends_well(media_type: str, text: str) -> None:
    data = text.encode("utf-8", "replace")
    try:
        found = text_of_attachment(Attachment(media_type, data), LIMIT)
    except InvalidMessage:
        return  # with a reason, as its type demands
    assert len(found.encode()) <= LIMIT
    assert "\x00" not in found


@given(st.text(max_size=200), st.sampled_from(["", "base64", "quoted-printable", "8bit", "x"]))
@settings(max_examples=60, deadline=None)
def test_any_package_ends_as_texts_and_refusals(text: str, encoding: str) -> None:
    package = (
        f"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=e\n{text}\n\n--e\n"
        f"Content-Transfer-Encoding: {encoding}\n\n{text}\n--e\n{text}\n--e--"
    )
    data = package.encode("utf-8", "replace")
    texts, problems = read_parts(Attachment("", data), LIMIT)
    assert texts or problems
    assert not [found for found in texts if len(found.encode()) > LIMIT or "\x00" in found]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=200))
@settings(max_examples=60, deadline=None)
def test_text_that_is_escaped_comes_back(text: str) -> None:
    escaped = "".join(ESCAPES.get(character, character) for character in text)
    message = read_message(hl7(observations=f"OBX|1|TX|N||.{escaped}.||||||F").encode())
    (observation,) = message.all("OBX")
    assert observation.encoding.unescape(observation.raw(5)) == f".{text}."


def test_a_reading_is_the_same_twice() -> None:
    for seeds in SEEDS.values():
        for seed in seeds:
            assert parse(seed, INTAKE) == parse(seed, INTAKE)
