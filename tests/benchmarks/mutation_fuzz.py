"""Mutated messages of every format: each must end as notes or as a refusal with a reason.

    python -m tests.benchmarks.mutation_fuzz [--messages 10000] [--seed 1] [--memory-mib 512]

Reports per format how many ended how, the longest processor time of one message and the peak
memory of the process. Any other exception, a refusal without a fit reason, one that quotes the
patient, seconds for one message, and a peak that lies further above that of the start than
allowed are errors, and the exit status is then 1. The same seed gives the same messages.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.core.errors import InvalidMessage
from services.core.reading import Reading
from services.ingest.recognise import parse
from tests.memory import peak_mib
from tests.samples import hospital

MAX_BYTES = 4_000_000
HANGS_SECONDS = 5
"""Processor time of one message that is no longer slow but hangs."""

MEMORY_MIB = 512
"""How far the peak may rise above that of the start: a hundred times the largest message."""

SECRETS = ("4711", "Secret Name", "DOE^JANE", "19590314")
_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

JSON_NOTE = json.dumps(
    {
        "schema_version": 1,
        "source": "st-marien",
        "note_id": "dm-0001",
        "version": 1,
        "patient_key": "p001",
        "written_at": "2026-03-02T10:15:00Z",
        "text": hospital.TEXT,
        "status": "current",
        "sex": "female",
        "age_years": 67,
    }
).encode()


def _fhir(text: str, media_type: str) -> bytes:
    content = [{"attachment": hospital.attachment(text, media_type)}]
    return hospital.encoded(hospital.document(content=content))


def _ed(text: str, kind: str) -> bytes:
    value = f"EHR^TEXT^{kind}^Base64^{hospital.base64_of(text)}"
    return hospital.hl7(observations=f"OBX|1|ED|N^Note||{value}||||||F").encode()


def _cda(text: str) -> bytes:
    return _fhir(text, "text/xml")


WRAPPED: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "FHIR with HTML": (hospital.HTML, lambda text: _fhir(text, "text/html")),
    "FHIR with RTF": (hospital.RTF, lambda text: _fhir(text, "text/rtf")),
    "FHIR with CDA": (hospital.CDA, _cda),
    "FHIR with a body in CDA": (hospital.CDA_OF_RTF, _cda),
    "HL7 with ED": (hospital.HTML, lambda text: _ed(text, "HTML")),
    "HL7 with MIME": (hospital.CDA, hospital.packed),
}
"""Formats whose documents are mutated before they are encoded."""

SEEDS: dict[str, tuple[bytes, ...]] = {
    "JSON note": (JSON_NOTE,),
    "FHIR DocumentReference": (
        hospital.encoded(hospital.document()),
        hospital.encoded(
            hospital.document(
                relatesTo=[{"code": "replaces", "target": {"reference": "DocumentReference/0"}}]
            )
        ),
    ),
    "FHIR Bundle": (
        hospital.encoded(
            hospital.bundle(hospital.patient(), hospital.encounter(), hospital.document())
        ),
        hospital.encoded(
            hospital.patient(link=[{"type": "replaces", "other": {"reference": "Patient/2"}}])
        ),
    ),
    "FHIR with HTML": (_fhir(hospital.HTML, "text/html"),),
    "FHIR with RTF": (_fhir(hospital.RTF, "text/rtf"),),
    "FHIR with CDA": (_fhir(hospital.CDA, "text/xml"),),
    "FHIR with a body in CDA": (_cda(hospital.CDA_OF_RTF),),
    "HL7 MDM": tuple(
        hospital.hl7(f"MDM^{event}", parent="DOC0").encode()
        for event in ("T02", "T04", "T06", "T08", "T10", "T11")
    ),
    "HL7 ORU": (
        hospital.oru(
            ("R1", r"OBX|1|FT|F^Findings||a\.br\b\X41\c~d||||||F"), ("R2", "OBX|1|TX|I||clear")
        ).encode(),
    ),
    "HL7 with ED": (_ed(hospital.HTML, "HTML"), _ed(hospital.RTF, "RTF"), _ed(hospital.CDA, "XML")),
    "HL7 with MIME": (hospital.packed(hospital.CDA),),
    "HL7 ADT": (hospital.merge().encode(),),
}
"""Well-formed messages per format, from which the mutants are made."""

_TOKENS = (
    b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\x00", b"\x0b", b"\x1c\r", b"\xff", b"\xc3",
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"-1", b"1e999", b"NaN", b"\\ud800",
    b"\\.sp99999999\\", b"\\X0\\", b"\\XFFFE\\", b"<", b">", b"</", b"&#0;", b"&amp;", b"<![CDATA[",
    b"<!ENTITY a 'b'>", b"<table><tr><td>", b"{\\rtf1", b"\\'", b"\\bin99999999 ", b"\\u-10000 ",
    b"MSH|^~\\&|", b"99999999999999999999", b"00000000000000", b"2026-13-45T99:99:99Z", b"%PDF-",
    "\u202e\u0130".encode(), "𝔘".encode(),
)  # fmt: skip

_VALUES: tuple[object, ...] = (
    None, True, 0, -1, 2**70, 1e300, "", " ", "x" * 100_000, "current", "replaces",
    "entered-in-error",
    "2026", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "Patient/p-1", "#p",
    "urn:uuid:1",
    [], {}, [[[[]]]], {"reference": "Patient/x"}, "text/html; charset=utf-16",
    "application/pdf", "YQ==",
    "\u202e\u0000",
)  # fmt: skip


@dataclass(slots=True)
class Report:
    """What became of the mutants of one format."""

    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0


def mutants(name: str, count: int, generator: random.Random) -> Iterator[bytes]:
    """Messages made of the seeds of a format: half of them by changes of bytes (of the document,
    where it has one), half by changes of values where the message is JSON."""
    seeds = SEEDS[name]
    for _ in range(count):
        if name in WRAPPED and generator.random() < 0.5:
            document, wrap = WRAPPED[name]
            changed = _changed(document.encode(), [document.encode()], generator)
            yield wrap(changed.decode("utf-8", "replace"))[:MAX_BYTES]
            continue
        seed = generator.choice(seeds)
        if seed.startswith(b"{") and generator.random() < 0.6:
            yield _restructured(seed, generator)[:MAX_BYTES]
        else:
            yield _changed(seed, seeds, generator)


def _changed(value: bytes, seeds: Sequence[bytes], generator: random.Random) -> bytes:
    changed = bytearray(value)
    for _ in range(generator.choice((1, 1, 1, 2, 3, 5, 12))):
        _change(changed, seeds, generator)
    return bytes(changed[:MAX_BYTES])


def _restructured(value: bytes, generator: random.Random) -> bytes:
    """The JSON with one to three of its values replaced, removed or repeated."""
    for _ in range(generator.choice((1, 1, 2, 3))):
        # Read anew each time: repeated values must not be one value.
        message = json.loads(value)
        places = list(_places(message))
        if not places or len(value) > MAX_BYTES:
            break
        holder, key = generator.choice(places)
        match generator.randrange(4):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1:
                holder[key] = [holder[key]] * generator.choice((0, 1, 2, 1200))
            case 2 if isinstance(holder[key], str):
                text = holder[key].encode()
                holder[key] = _changed(text, [text], generator).decode("utf-8", "replace")
            case _:
                holder[key] = generator.choice(_VALUES)
        value = json.dumps(message).encode()
    return value


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key or index) below a node."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(pairs):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _change(value: bytearray, seeds: Sequence[bytes], generator: random.Random) -> None:
    at = generator.randrange(len(value) + 1)
    end = min(len(value), at + generator.choice((1, 1, 4, 30, 200)))
    match generator.randrange(8):
        case 0:
            value[at:end] = bytes(generator.randrange(256) for _ in range(end - at))
        case 1:
            del value[at:end]
        case 2:
            value[at:at] = generator.choice(_TOKENS)
        case 3:
            value[at:at] = generator.choice(_TOKENS) * generator.choice((2, 50, 5000))
        case 4:
            value[at:at] = value[at:end] * generator.choice((1, 3, 300))
        case 5:
            del value[at:]
        case 6:
            other = generator.choice(seeds)
            value[at:] = other[generator.randrange(len(other) + 1) :]
        case _:
            if at < len(value):
                value[at] ^= 1 << generator.randrange(8)


def ending(value: bytes) -> tuple[str, str]:
    """How a message ends, and what is wrong with that ("" if nothing)."""
    try:
        reading = parse(value, hospital.INTAKE)
    except InvalidMessage as error:
        return error.reason, "" if _is_fit(error.reason, error.detail) else "unfit refusal"
    except Exception as error:  # noqa: BLE001 - finding these is the purpose
        return "crash", f"{type(error).__name__} at {_where(error)}"
    return "read", _problem_of(reading)


def _is_fit(reason: str, detail: str) -> bool:
    quoted = any(secret in f"{reason}: {detail}" for secret in SECRETS)
    return bool(_REASON.fullmatch(reason)) and len(detail) <= 1000 and not quoted


def _problem_of(reading: Reading) -> str:
    if not all(_is_fit(item.reason, item.detail) for item in reading.refused):
        return "an unfit refusal beside a note"
    for note in reading.notes:
        if not (0 < note.version < 2**63) or len(note.text.encode()) > 2_000_000:
            return "a note out of bounds"
        if "\x00" in note.text + note.note_id + note.source:
            return "a note with NUL"
        if not (note.source and note.note_id and note.patient_key):
            return "a note without a name"
    return ""


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


def fuzz(name: str, count: int, seed: int) -> Report:
    """Read `count` mutants of a format."""
    report = Report()
    for value in mutants(name, count, random.Random(seed)):
        start = time.thread_time()
        end, problem = ending(value)
        seconds = time.thread_time() - start
        report.slowest_seconds = max(report.slowest_seconds, seconds)
        if seconds > HANGS_SECONDS:
            report.failures.append(f"a message that took more than {HANGS_SECONDS} s")
        report.ends[end] += 1
        if problem:
            report.failures.append(problem)
    return report


def main() -> int:
    """Run and print; 1 if anything ended as it must not, or took more memory than it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000, help="per format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-mib", type=float, default=MEMORY_MIB, help="growth allowed")
    options = parser.parse_args()
    start = peak_mib()
    failed = 0
    for name in SEEDS:
        report = fuzz(name, options.messages, options.seed)
        read = report.ends["read"]
        print(
            f"{name}: {options.messages} messages, {read} read, {options.messages - read} refused, "
            f"slowest {report.slowest_seconds:.2f} s, peak {peak_mib():.0f} MiB, "
            f"{len(report.failures)} failures; {report.ends.most_common(8)}",
            flush=True,
        )
        for problem, count in Counter(report.failures).most_common(5):
            print(f"  {count} × {problem}", flush=True)
        failed += len(report.failures)
    grown = peak_mib() - start
    fits = grown <= options.memory_mib
    verdict = f"{'within' if fits else 'FAILED: more than'} the {options.memory_mib:g} MiB allowed"
    print(f"memory grew by {grown:.0f} MiB from {start:.0f} MiB, {verdict}")
    return 0 if fits and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
