"""A publication and a rollback under load, on a real Triton with a repository of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

from deploy.local.layout import STATE, install_triton_server
from deploy.local.ports import free_port
from deploy.local.triton import Triton
from services.adapters import model_files
from services.adapters.model_history import read_history
from services.bootstrap.components import Components
from services.config import Settings
from services.core.contracts import Note
from services.core.model_versions import Action, VersionPair
from services.ingest.json_note import parse_json_note
from tests.samples.models import shipped

pytestmark = [pytest.mark.stack, pytest.mark.training]

CAUSAL = "She developed lisinopril-induced angioedema and lisinopril was stopped.\n"
PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class Place:
    """A server, its repository, and a folder for candidates."""

    server: Triton
    repository: Path
    candidates: Path

    @property
    def settings(self) -> Settings:
        return Settings(triton_grpc=self.server.grpc, model_repository=self.repository)

    def candidate(self, name: str) -> Path:
        """A copy of the shipped pair in the form of a repository."""
        folder = self.candidates / name
        for model in ("ner", "relation"):
            shutil.copytree(self.repository / model / "1", folder / model / "1")
        return folder

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command against this server; its gate has our own notes only."""
        environment = {
            name: value for name, value in os.environ.items() if name != "ADEWATCH_DATA_DIR"
        }
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            env={
                **environment,
                "ADEWATCH_TRITON_GRPC": self.server.grpc,
                "ADEWATCH_MODEL_REPOSITORY": str(self.repository),
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def place(stack_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("publishing")
    repository = folder / "models"
    for model in ("ner", "relation"):
        shutil.copytree(
            shipped(model),
            repository / model / "1",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copy(shipped(model).parent / "config.pbtxt", repository / model)
    server = Triton(
        environment=install_triton_server(STATE, progress=print),
        model_repository=repository,
        run_directory=stack_directory / "publishing",
        grpc_port=free_port(),
        http_port=free_port(),
        metrics_port=free_port(),
    )
    server.start()
    yield Place(server, repository, folder / "candidates")
    server.stop()


@dataclass
class Stream:
    """Batches of notes that are read one after the other, as the extract stage reads them.

    `batches` has the versions of every extraction of every batch.
    """

    batches: list[set[VersionPair]] = field(default_factory=list)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    task: asyncio.Task[None] | None = None

    async def run(self, settings: Settings) -> None:
        components = Components(settings)
        try:
            while True:
                read = await components.extractor.extract(_notes())
                versions = [one.versions for one in read]
                self.batches.append({VersionPair(one.ner, one.relation) for one in versions})
                self.grown.set()
        finally:
            await components.close()

    async def until(self, pair: VersionPair) -> None:
        """Wait for a batch that began from now on and is of that pair; a failure ends that."""
        start = len(self.batches) + 1  # the one under way may have begun before
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(pair in batch for batch in self.batches[start:]):
                self.grown.clear()
                assert self.task is not None
                assert not self.task.done(), self.task.exception()
                await self.grown.wait()


@asynccontextmanager
async def streaming(place: Place) -> AsyncIterator[Stream]:
    """Notes are read within the block, and none fails."""
    stream = Stream()
    task = stream.task = asyncio.create_task(stream.run(place.settings))
    task.add_done_callback(lambda _: stream.grown.set())
    try:
        yield stream
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_publication_and_a_rollback_mix_no_versions_and_lose_no_note(
    place: Place,
) -> None:
    candidate = place.candidate("good")
    async with streaming(place) as stream:
        before = model_files.serving_pair(place.repository)
        await stream.until(before)
        done = await asyncio.to_thread(
            place.command, "training", "publish", str(candidate), "--reason", "test"
        )
        assert done.returncode == 0, done.stderr
        published = model_files.serving_pair(place.repository)
        assert published.ner != before.ner
        assert published.relation != before.relation
        await stream.until(published)
        back = await asyncio.to_thread(place.command, "services.cli", "models", "rollback")
        assert back.returncode == 0, back.stderr
        await stream.until(before)
    assert all(len(versions) == 1 for versions in stream.batches)
    pairs = [next(iter(versions)) for versions in stream.batches]
    assert [pair for pair, _ in groupby(pairs)] == [before, published, before]
    publication, rollback = read_history(place.repository)[-2:]
    assert (publication.action, rollback.action) == (Action.PUBLISH, Action.ROLLBACK)
    figures = publication.metrics
    assert figures["adewatch.candidate_f1"] == figures["adewatch.serving_f1"]
    assert json.loads((candidate / "gate.json").read_text())["passes"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("cannot be loaded", "triton is unavailable: load"),
        ("answers otherwise", "does not read as its graphs do"),
    ],
)
async def test_a_candidate_that_fails_on_the_server_leaves_the_old_pair_serving(
    place: Place, fault: str, said: str
) -> None:
    candidate = place.candidate(fault.replace(" ", "-"))
    code = candidate / "relation" / "1" / "model.py"
    text = code.read_text()
    if fault == "cannot be loaded":
        text += "\nraise RuntimeError('broken')\n"
    else:
        assert "logits / self._temperature" in text
        text = text.replace("logits / self._temperature", "logits / 50.0")
    code.write_text(text)
    before = model_files.serving_pair(place.repository)
    versions = sorted(path.name for path in (place.repository / "relation").glob("[0-9]*"))
    async with streaming(place) as stream:
        await stream.until(before)
        done = await asyncio.to_thread(place.command, "training", "publish", str(candidate))
        await stream.until(before)
    assert done.returncode == 4, done.stderr
    assert said in done.stderr.replace("\n", " ")
    assert all(batch == {before} for batch in stream.batches)
    assert model_files.serving_pair(place.repository) == before
    assert sorted(path.name for path in (place.repository / "relation").glob("[0-9]*")) == versions


def _notes() -> list[Note]:
    return [
        parse_json_note(
            json.dumps(
                {
                    "source": "test",
                    "note_id": str(number),
                    "patient_key": str(number),
                    "written_at": "2026-05-01T08:00:00Z",
                    "text": CAUSAL * (number + 1),
                }
            ).encode()
        )
        for number in range(4)
    ]
