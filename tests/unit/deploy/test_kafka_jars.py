"""The jars that are installed are those that were locked, byte by byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from deploy.local.errors import SetupError
from deploy.local.kafka_jars import Jar, class_path, install_jars, locked_jars, read_lock

CONTENT = b"the bytes of a jar"
JAR = Jar("org.example", "thing", "1.2", hashlib.sha256(CONTENT).hexdigest())


class Repository:
    """A Maven repository that answers with what it is told, in order, and remembers the paths."""

    def __init__(self, *answers: bytes | int) -> None:
        self.paths: list[str] = []
        self._answers = list(answers)
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        answer = self._answers.pop(0)
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, content=answer)


def install(directory: Path, repository: Repository) -> list[str]:
    said: list[str] = []
    install_jars(directory, progress=said.append, jars=[JAR], transport=repository.transport)
    return said


def test_a_missing_jar_is_downloaded_from_its_maven_path(tmp_path: Path) -> None:
    repository = Repository(CONTENT)
    assert install(tmp_path, repository) == ["Downloading 1 of 1 jars"]
    assert (tmp_path / "thing-1.2.jar").read_bytes() == CONTENT
    assert repository.paths[0].endswith("/org/example/thing/1.2/thing-1.2.jar")


def test_an_intact_jar_is_not_downloaded_again(tmp_path: Path) -> None:
    (tmp_path / JAR.file_name).write_bytes(CONTENT)
    repository = Repository()
    assert install(tmp_path, repository) == []
    assert repository.paths == []


def test_a_damaged_jar_is_replaced(tmp_path: Path) -> None:
    (tmp_path / JAR.file_name).write_bytes(CONTENT[:-1])
    install(tmp_path, Repository(CONTENT))
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


def test_a_failed_and_a_falsified_download_are_tried_again(tmp_path: Path) -> None:
    install(tmp_path, Repository(503, b"something else", CONTENT))
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT


def test_a_falsified_jar_is_never_installed(tmp_path: Path) -> None:
    repository = Repository(*[b"something else"] * 4)
    with pytest.raises(SetupError, match=r"thing-1\.2\.jar.*SHA-256 is not the locked one"):
        install(tmp_path, repository)
    assert list(tmp_path.iterdir()) == []


def test_jars_of_an_earlier_version_leave_the_class_path(tmp_path: Path) -> None:
    (tmp_path / "thing-1.1.jar").write_bytes(b"old")
    install(tmp_path, Repository(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["thing-1.2.jar"]


def test_the_lock_names_one_kafka_with_its_client_of_the_same_version(tmp_path: Path) -> None:
    versions = {jar.artifact: jar.version for jar in locked_jars()}
    assert versions["kafka_2.13"] == versions["kafka-clients"] == "4.1.1"
    assert len(versions) == len(locked_jars())
    assert class_path(tmp_path).count(".jar") == len(versions)


def test_a_line_that_is_no_lock_is_refused() -> None:
    with pytest.raises(SetupError, match="line 2"):
        read_lock("# comment\nkafka 4.1.1\n")
