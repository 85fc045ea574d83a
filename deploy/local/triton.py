"""Triton Inference Server: the tritonserver binary, its Python backend, no GPU needed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from deploy.local.command import Command, answers
from deploy.local.processes import Launch, NotReady
from deploy.local.triton_environment import TritonEnvironment

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton and its stubs exchange tensors
_ERROR = re.compile(r"^(?:E\d{4} .*?\] |error: )(.*)$", re.MULTILINE)
_MOST_ERRORS = 3
_LONGEST_ERROR = 300


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
        # Named after its port, so that what a killed server leaves can be told from others'.
        self._shared_memory_prefix = f"adewatch-{grpc_port}-"
        argv = [
            str(environment.binary),
            f"--model-repository={model_repository}",
            f"--backend-directory={environment.backends}",
            f"--backend-config=python,shm-region-prefix-name={self._shared_memory_prefix}",
            "--model-control-mode=explicit",
            "--load-model=*",
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
                environment=environment.variables() | {"ADEWATCH_TRITON_THREADS": str(count)},
                directory=run_directory,
            ),
            run_directory=run_directory,
            ready=answers(f"{self.http}/v2/health/ready"),
            port=grpc_port,
            timeout_seconds=120.0,
            grace_seconds=15.0,
        )

    def wait(self) -> None:
        """Wait until all models are ready.

        Raises:
            NotReady: with the errors among the many lines that Triton logs.
        """
        try:
            super().wait()
        except NotReady as error:
            errors = _ERROR.findall(self.process.log_since_start())
            if not errors:
                raise
            said = "\n".join(line[:_LONGEST_ERROR] for line in errors[:_MOST_ERRORS])
            raise NotReady(f"triton did not become ready.\n{said}") from error

    def stop(self) -> None:
        """End the server and its stubs."""
        super().stop()
        self._free_shared_memory()

    def kill(self) -> None:
        """SIGKILL the server and its stubs."""
        super().kill()
        self._free_shared_memory()

    def _free_shared_memory(self) -> None:
        for region in _SHARED_MEMORY.glob(f"{self._shared_memory_prefix}*"):
            region.unlink(missing_ok=True)
