"""Publishes a pair of versions, rolls back, and keeps the history of both.

The order makes every moment safe: files are complete before they have the name of a version;
Triton has the new version before anybody asks for it and keeps the old one; the history, from
which clients learn what serves, changes last. Whatever fails before that leaves the old pair
serving and takes the new folders away.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.adapters import model_files
from services.adapters.model_history import (
    publishing,
    read_history,
    sync_folder,
    write_history,
)
from services.core.errors import AdewatchError, ConfigurationError, IntegrityError
from services.core.model_versions import (
    MODELS,
    Action,
    Publication,
    VersionPair,
    served_before,
    shadow,
)
from services.core.ports import Clock

RETIRED = ".retired-"
"""Triton ignores folders whose names are no numbers."""

INCOMING = ".incoming-"
KEPT = 2
"""Versions that stay loaded behind the serving one, so that a rollback is immediate."""


class Control(Protocol):
    """The inference server: see `TritonControl`."""

    def load(self) -> None:
        """Load what lies in the repository."""
        ...

    def is_ready(self, pair: VersionPair) -> bool:
        """Whether both versions answer."""
        ...


Smoke = Callable[[VersionPair], None]
"""Reads fixed sentences with a pair, by its numbers; raises an `AdewatchError` if that fails."""


@dataclass(frozen=True, slots=True)
class ModelPublisher:
    """Changes what serves.

    Attributes:
        repository: the model repository, on one file system.
        control: of the server that serves from it.
        smoke: the last test before a pair may serve.
        clock: for the history.
        by: who publishes; the user of this process if empty.
    """

    repository: Path
    control: Control
    smoke: Smoke
    clock: Clock
    by: str = ""

    def publish(
        self,
        candidates: Mapping[str, Path],
        *,
        reason: str = "",
        metrics: Mapping[str, float] | None = None,
        as_shadow: bool = False,
        instead_of: VersionPair | None = None,
    ) -> Publication:
        """Install exported versions beside those that serve, test them, and let them serve.

        Args:
            candidates: folders by model; a model that is not named keeps its version.
            reason: for the history.
            metrics: of the gate, for the history.
            as_shadow: install and test only: the pair then runs beside the serving one.
            instead_of: what the gate compared them with; refused if another pair serves by now.

        Raises:
            ConfigurationError: a folder is incomplete or cannot be copied, somebody else
                publishes, or another pair than `instead_of` serves; nothing has changed.
            DependencyUnavailable: Triton is away or cannot load them; nothing has changed.
            IntegrityError: the smoke test failed; nothing has changed.
        """
        with publishing(self.repository):
            serving = model_files.serving_pair(self.repository)
            if instead_of is not None and serving != instead_of:
                raise ConfigurationError(
                    f"compared with {instead_of}, but {serving} serves now: compare again"
                )
            self._begin(serving)
            self._set_strays_aside()
            installed: list[Path] = []
            try:
                numbers = {model: serving.of(model) for model in MODELS}
                for model, folder in candidates.items():
                    path = _install(self.repository, model, folder)
                    installed.append(path)
                    numbers[model] = path.name
                pair = VersionPair(numbers["ner"], numbers["relation"])
                hashes = model_files.hashes(self.repository, pair)
                self.control.load()
                self._test(pair)
            except OSError as error:
                self._take_away(installed)
                raise ConfigurationError(
                    f"a version cannot be copied: {type(error).__name__}"
                ) from None
            except BaseException:
                self._take_away(installed)
                raise
            action = Action.SHADOW if as_shadow else Action.PUBLISH
            entry = self._record(action, pair, serving, reason, metrics or {}, hashes)
            self._retire()
            return entry

    def promote(self, *, reason: str = "") -> Publication:
        """Let the shadow serve.

        Raises:
            ConfigurationError: there is none.
        """
        with publishing(self.repository):
            pair = shadow(read_history(self.repository))
            if pair is None:
                raise ConfigurationError("no candidate runs as a shadow")
            return self._change(Action.PUBLISH, pair, reason)

    def shadow(self, pair: VersionPair, *, reason: str = "") -> Publication:
        """Let an installed pair run beside the serving one; the serving pair itself stops that.

        Raises:
            ConfigurationError: a version is not there or is incomplete.
            DependencyUnavailable, IntegrityError: it does not answer; nothing has changed.
        """
        with publishing(self.repository):
            serving = model_files.serving_pair(self.repository)
            self._begin(serving)
            if pair == serving:
                return self._record(Action.SHADOW, pair, serving, reason, {}, {})
            return self._change(Action.SHADOW, pair, reason)

    def rollback(self, *, reason: str = "") -> Publication:
        """Let the pair serve again that served before the last publication.

        Raises:
            ConfigurationError: nothing was published, or the old version is gone.
            IntegrityError: its files are not those that were published.
        """
        with publishing(self.repository):
            earlier = served_before(read_history(self.repository))
            if not earlier:
                raise ConfigurationError("there is no publication to roll back")
            return self._change(Action.ROLLBACK, earlier[0], reason)

    def _begin(self, serving: VersionPair) -> None:
        """Write down what serves before the first entry of a history.

        Without a history the newest versions serve: a candidate must not by being new.
        """
        if not read_history(self.repository):
            hashes = model_files.hashes(self.repository, serving)
            self._record(Action.PUBLISH, serving, serving, "before the history", {}, hashes)

    def _change(self, action: Action, pair: VersionPair, reason: str) -> Publication:
        serving = model_files.serving_pair(self.repository)
        self._set_strays_aside()
        _restore(self.repository, pair)
        hashes = model_files.hashes(self.repository, pair)
        known = [entry.sha256 for entry in read_history(self.repository)]
        for path, digest in hashes.items():
            if any(digest != old.get(path, digest) for old in known):
                raise IntegrityError(f"{path} is not the file that was published")
        if not self.control.is_ready(pair):
            self.control.load()
        self._test(pair)
        return self._record(action, pair, serving, reason, {}, hashes)

    def _test(self, pair: VersionPair) -> None:
        if not self.control.is_ready(pair):
            raise IntegrityError(f"{pair} is not ready after loading")
        self.smoke(pair)

    def _record(
        self,
        action: Action,
        pair: VersionPair,
        replaced: VersionPair,
        reason: str,
        metrics: Mapping[str, float],
        hashes: Mapping[str, str],
    ) -> Publication:
        history = read_history(self.repository)
        entry = Publication(
            sequence=len(history) + 1,
            action=action,
            pair=pair,
            replaced=replaced,
            at=self.clock.now(),
            by=self.by or getpass.getuser(),
            reason=reason,
            metrics=metrics,
            sha256=hashes,
        )
        write_history(self.repository, [*history, entry])
        return entry

    def _take_away(self, installed: list[Path]) -> None:
        for path in installed:
            shutil.rmtree(path, ignore_errors=True)
        if installed:
            try:
                self.control.load()
            except AdewatchError:
                # Triton is away or refuses: it will find the old versions when it starts again.
                return

    def _set_strays_aside(self) -> None:
        """Rename versions that the history does not know: a publication that was killed leaves one.
        It would be loaded with the next one, and keep that from loading if it cannot be."""
        history = read_history(self.repository)
        pairs = [pair for entry in history for pair in (entry.pair, entry.replaced)]
        _set_aside(self.repository, pairs)

    def _retire(self) -> None:
        """Rename versions that neither serve nor are near enough to roll back to; Triton unloads
        them at its next load."""
        history = read_history(self.repository)
        pairs = [model_files.serving_pair(self.repository), *served_before(history)[:KEPT]]
        if (candidate := shadow(history)) is not None:
            pairs.append(candidate)
        _set_aside(self.repository, pairs)


def _install(repository: Path, model: str, folder: Path) -> Path:
    """Copy a version to its number, complete and durable at the moment it has that name."""
    for name in model_files.FILES:
        if name != "model.py" and not (folder / name).is_file():
            raise ConfigurationError(f"{folder.name} is no exported version of {model}: no {name}")
    target = repository / model / str(_next_number(repository / model))
    incoming = target.with_name(INCOMING + target.name)
    shutil.rmtree(incoming, ignore_errors=True)
    shutil.copytree(folder, incoming, ignore=shutil.ignore_patterns("__pycache__", "client.json"))
    if not (incoming / "model.py").is_file():
        serving = model_files.serving_pair(repository).of(model)
        shutil.copyfile(repository / model / serving / "model.py", incoming / "model.py")
    card = incoming / "card.json"
    try:
        content = {**json.loads(card.read_text(encoding="utf-8")), "version": int(target.name)}
    except (ValueError, TypeError):
        raise ConfigurationError(f"the card of the candidate for {model} is damaged") from None
    card.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in incoming.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(incoming)
    incoming.rename(target)
    sync_folder(target.parent)
    return target


def _next_number(folder: Path) -> int:
    names = [path.name.removeprefix(RETIRED) for path in folder.iterdir() if path.is_dir()]
    return max((int(name) for name in names if name.isdecimal()), default=0) + 1


def _set_aside(repository: Path, kept: Iterable[VersionPair]) -> None:
    pairs = list(kept)
    for model in MODELS:
        numbers = {pair.of(model) for pair in pairs}
        for folder in list((repository / model).glob("[0-9]*")):
            if folder.name.isdecimal() and folder.name not in numbers:
                folder.rename(folder.with_name(RETIRED + folder.name))


def _restore(repository: Path, pair: VersionPair) -> None:
    for model in MODELS:
        folder = repository / model / pair.of(model)
        retired = folder.with_name(RETIRED + folder.name)
        if not folder.is_dir() and retired.is_dir():
            retired.rename(folder)
