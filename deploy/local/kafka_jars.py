"""Apache Kafka's jars: resolved once by jgo into a checked-in lock, downloaded exactly as locked.

The lock names every jar with its SHA-256, so a set-up needs no resolution and trusts no mirror.
`python -m deploy.local lock-jars` writes it anew when KAFKA changes.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpx

from deploy.local.errors import SetupError

KAFKA = "org.apache.kafka:kafka_2.13:4.1.1"
# The logger must be this one: beside log4j-slf4j-impl the resolver picks kafka-clients 3.8.
LOGGER = "org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("kafka.lock")

_LINE = re.compile(
    r"(?P<sha256>[0-9a-f]{64})  (?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?P<version>\S+)"
)
_PARALLEL = 6
_ATTEMPTS = 4
_TIMEOUT = httpx.Timeout(60.0, connect=15.0)


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in the folder of jars."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def repository_path(self) -> str:
        """Its path in any Maven repository."""
        folder = self.group.replace(".", "/")
        return f"{folder}/{self.artifact}/{self.version}/{self.file_name}"

    def is_intact(self, path: Path) -> bool:
        """Whether the file is this jar, byte by byte."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def read_lock(text: str) -> list[Jar]:
    """The jars of a lock: lines `sha256  group:artifact:version`, `#` starts a comment.

    Raises:
        SetupError: a line is something else.
    """
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SetupError(f"{LOCK.name}, line {number}: not `sha256  group:artifact:version`")
        jars.append(Jar(**match.groupdict()))
    return jars


def write_lock() -> int:
    """Resolve Kafka anew and write the lock; returns the number of jars."""
    import jgo  # takes a second, and every other command needs only the lock

    with tempfile.TemporaryDirectory() as cache:
        lockfile = jgo.build(f"{KAFKA}+{LOGGER}", cache_dir=Path(cache)).lockfile
    lines = sorted(
        (f"{d.groupId}:{d.artifactId}:{d.version}", d.sha256) for d in lockfile.dependencies
    )
    header = f"# {KAFKA} + {LOGGER}, by `python -m deploy.local lock-jars`\n"
    LOCK.write_text(header + "".join(f"{digest}  {name}\n" for name, digest in lines))
    return len(lines)


def locked_jars() -> list[Jar]:
    """The jars of the checked-in lock."""
    return read_lock(LOCK.read_text())


def class_path(directory: Path) -> str:
    """Java's class path of the locked jars in the folder."""
    return os.pathsep.join(str(directory / jar.file_name) for jar in locked_jars())


def install_jars(
    directory: Path,
    *,
    progress: Callable[[str], None],
    jars: Sequence[Jar] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> None:
    """Bring the folder to the jars wanted; whole and intact ones stay as they are.

    Args:
        directory: where the jars go; other files in it are deleted.
        progress: told what is done, if there is anything to do.
        jars: what to install; the checked-in lock if not given.
        transport: how to reach the repository; the network if not given.

    Raises:
        SetupError: a jar cannot be downloaded, or is not the one that was locked.
    """
    directory.mkdir(parents=True, exist_ok=True)
    wanted = locked_jars() if jars is None else jars
    missing = [jar for jar in wanted if not jar.is_intact(directory / jar.file_name)]
    if missing:
        progress(f"Downloading {len(missing)} of {len(wanted)} jars")
        _download(missing, directory, transport)
    names = {jar.file_name for jar in wanted}
    for stray in directory.iterdir():
        if stray.name not in names:
            stray.unlink()


def _download(jars: Iterable[Jar], directory: Path, transport: httpx.BaseTransport | None) -> None:
    from jgo import MAVEN_CENTRAL_URL  # see write_lock

    base = os.environ.get("ADEWATCH_MAVEN_URL", MAVEN_CENTRAL_URL).rstrip("/")
    with (
        httpx.Client(
            verify=_certificates(), timeout=_TIMEOUT, follow_redirects=True, transport=transport
        ) as client,
        ThreadPoolExecutor(_PARALLEL) as pool,
    ):
        list(pool.map(lambda jar: _download_one(client, base, jar, directory), jars))


def _download_one(client: httpx.Client, base: str, jar: Jar, directory: Path) -> None:
    problem = ""
    for _ in range(_ATTEMPTS):
        try:
            content = client.get(f"{base}/{jar.repository_path}").raise_for_status().content
        except httpx.HTTPError as error:
            problem = f"{type(error).__name__}: {error}"
            continue
        if hashlib.sha256(content).hexdigest() != jar.sha256:
            problem = "its SHA-256 is not the locked one"
            continue
        partial = directory / f"{jar.file_name}.partial"
        partial.write_bytes(content)
        partial.replace(directory / jar.file_name)
        return
    raise SetupError(
        f"{jar.file_name} cannot be downloaded ({problem}). Is Maven Central reachable? "
        "A mirror can be named in ADEWATCH_MAVEN_URL."
    )


def _certificates() -> ssl.SSLContext:
    # The system's certificates know a company's proxy; certifi's are there on a bare machine.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
