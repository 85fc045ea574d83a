"""Triton Inference Server: the tritonserver binary, its Python backend, no GPU needed."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import httpx

from deploy.local.command import Command, Probe, answers
from deploy.local.errors import NotReady, TimeIsUp
from deploy.local.processes import Launch, ManagedProcess
from deploy.local.triton_environment import TritonEnvironment
from deploy.local.triton_metrics import are_loaded

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton and its stubs exchange tensors
_ERROR = re.compile(r"^(?:E\d{4} .*?\] |error: )(.*)$", re.MULTILINE)
_MOST_ERRORS = 3
_LONGEST_ERROR = 300
_HARMLESS = "CudaDriverHelper"  # logged as an error wherever there is no GPU
_STARTS = 4
_START_SECONDS = 240.0  # all together less than a test may take
_GAVE_UP = "boost::interprocess::lock_exception"


def shared_memory_prefix(run_directory: Path) -> str:
    """How the shared memory of a server is named, to tell what a killed one left from others'."""
    digest = hashlib.sha256(str(run_directory).encode()).hexdigest()
    return f"adewatch-{digest[:12]}-"


def free_shared_memory(run_directory: Path) -> None:
    """Delete what the server of that folder, which must not run, has left in shared memory."""
    for region in SHARED_MEMORY.glob(f"{shared_memory_prefix(run_directory)}*"):
        region.unlink(missing_ok=True)


def _all_loaded(health_url: str, metrics_url: str) -> Probe:
    """Ready when the server says so and every model has its graph, which it loads meanwhile."""
    healthy = answers(health_url)

    def probe(process: ManagedProcess) -> bool:
        try:
            return healthy(process) and are_loaded(metrics_url)
        except httpx.HTTPError:
            return False
        except ValueError as error:
            raise NotReady(f"triton did not become ready: {error}") from None

    return probe


class Triton(Command):
    """A server on 127.0.0.1 for a model repository.

    Models are loaded explicitly: all of them at the start, so that a broken one shows at once, and
    later only when a publish or a rollback asks for it.

    Args:
        threads: ONNX Runtime's threads per model, read by the models as ADEWATCH_TRITON_THREADS.
    """

    def __init__(
        self,
        *,
        environment: TritonEnvironment,
        model_repository: Path,
        run_directory: Path,
        grpc_port: int,
        http_port: int,
        metrics_port: int,
        threads: int | None = None,
    ) -> None:
        self.grpc = f"127.0.0.1:{grpc_port}"
        self.http = f"http://127.0.0.1:{http_port}"
        self.metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        self._run_directory = run_directory
        argv = [
            str(environment.binary),
            f"--model-repository={model_repository}",
            f"--backend-directory={environment.backends}",
            f"--backend-config=python,shm-region-prefix-name={shared_memory_prefix(run_directory)}",
            "--model-control-mode=explicit",
            "--load-model=*",
            # One after the other: while it starts, a model must show within a second that it lives.
            "--model-load-thread-count=1",
            *("--grpc-address=127.0.0.1", f"--grpc-port={grpc_port}"),
            *("--http-address=127.0.0.1", f"--http-port={http_port}"),
            *("--metrics-address=127.0.0.1", f"--metrics-port={metrics_port}"),
            "--exit-timeout-secs=10",
        ]
        count = threads if threads is not None else len(os.sched_getaffinity(0))
        super().__init__(
            name="triton",
            launch=Launch(
                argv=argv,
                environment=environment.variables()
                | {"ADEWATCH_TRITON_THREADS": str(count), "ADEWATCH_TRITON_LOADS_LATER": "1"},
                directory=run_directory,
            ),
            run_directory=run_directory,
            ready=_all_loaded(f"{self.http}/v2/health/ready", self.metrics),
            port=grpc_port,
            timeout_seconds=_START_SECONDS,
            grace_seconds=15.0,
        )

    def wait(self) -> None:
        """Wait until all models are ready.

        The Python backend gives up a model that was not given the processor for a second, and then
        ends or hangs in its own clean-up. The models are all right, so the server starts again.

        Raises:
            NotReady: with the errors among the many lines that Triton logs.
        """
        for start in range(1, _STARTS + 1):
            try:
                super().wait()
            except NotReady as error:
                log = self.process.log_since_start()
                if start < _STARTS and (isinstance(error, TimeIsUp) or _GAVE_UP in log):
                    self.launch()
                    continue
                errors = [line for line in _ERROR.findall(log) if _HARMLESS not in line]
                if not errors:
                    raise
                said = "\n".join(line[:_LONGEST_ERROR] for line in errors[:_MOST_ERRORS])
                raise NotReady(f"triton did not become ready.\n{said}") from error
            else:
                return

    def stop(self) -> None:
        """End the server and its stubs."""
        super().stop()
        free_shared_memory(self._run_directory)

    def kill(self) -> None:
        """SIGKILL the server and its stubs."""
        super().kill()
        free_shared_memory(self._run_directory)
