"""Triton's own Python environment: the server of the wheel nvidia-pytriton, NumPy, ONNX Runtime.

It is not the service's environment. The stub that runs the models' Python breaks silently under
NumPy 2 (empty outputs, crashes on BYTES), and Triton's container has an environment of its own too.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import SetupError

# nvidia-pytriton is only the carrier of tritonserver; its Python dependencies are not wanted.
SERVER = ("nvidia-pytriton==0.7.0",)
PACKAGES = (
    "numpy==1.26.4",  # the newest before 2, and the reason for Python ≤ 3.12
    "onnxruntime==1.31.1",
    "flatbuffers==25.12.19",
    "packaging==26.3",
    "protobuf==6.33.6",
)

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_LIBRARY = f"libpython{_PYTHON}.so.1.0"
_LINES_SHOWN = 8
_INSTALL_TIMEOUT_SECONDS = 1_200.0
_LAYOUT = "4"  # part of the stamp: raise it when what is laid out changes


@dataclass(frozen=True, slots=True)
class TritonEnvironment:
    """Where the parts of an installed environment are.

    Attributes:
        root: its folder.
    """

    root: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "venv" / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        return self.root / "venv" / "lib" / f"python{_PYTHON}" / "site-packages"

    @property
    def binary(self) -> Path:
        """The server."""
        return self.site_packages / "pytriton" / "tritonserver" / "bin" / "tritonserver"

    @property
    def backends(self) -> Path:
        """The folder for --backend-directory."""
        return self.root / "backends"

    def variables(self) -> dict[str, str]:
        """The environment as an activated one.

        LD_LIBRARY_PATH has the wheel's own libraries, because the backend's relative path to them
        is lost when it is copied beside its stub, and the libpython that the stub links to.
        PYTHONHOME and PYTHONPATH are left out on purpose: they would lead the stub elsewhere.
        """
        libraries = [self.site_packages / "nvidia_pytriton.libs", self.root / "libpython"]
        return {
            "PATH": os.pathsep.join([str(self.python.parent), _path()]),
            "VIRTUAL_ENV": str(self.root / "venv"),
            "LD_LIBRARY_PATH": os.pathsep.join(str(path) for path in libraries),
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }


def install_triton(root: Path, *, progress: Callable[[str], None]) -> TritonEnvironment:
    """Install the environment, or do nothing if it is there as wanted.

    Raises:
        SetupError: a package cannot be installed, or no libpython is found.
    """
    environment = TritonEnvironment(root)
    stamp = root / "stamp"
    wanted = _stamp()
    if stamp.exists() and stamp.read_text() == wanted and environment.binary.exists():
        return environment
    progress("Installing Triton Inference Server and ONNX Runtime (300 MB)")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    venv.EnvBuilder(symlinks=True).create(root / "venv")
    _install(environment, [*SERVER, *PACKAGES])
    _assemble_backend(environment)
    _prepare_interpreter(environment)
    _provide_libpython(root / "libpython")
    stamp.write_text(wanted)
    return environment


def _path() -> str:
    return os.environ.get("PATH", os.defpath)


def _stamp() -> str:
    content = "\n".join([_LAYOUT, sys.version, sys.base_prefix, *SERVER, *PACKAGES])
    return hashlib.sha256(content.encode()).hexdigest()


def _install(environment: TritonEnvironment, packages: Sequence[str]) -> None:
    python = str(environment.python)
    arguments = ["install", "--quiet", "--no-deps", *packages]
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), _path()]))
    # uv is faster, but knows nothing of pip's configuration: where it fails, pip is asked.
    if uv is not None and _failure([uv, "pip", *arguments, "--python", python]) is None:
        return
    for command in ([python, "-m", "ensurepip"], [python, "-m", "pip", *arguments]):
        failure = _failure(command)
        if failure is not None:
            raise SetupError(
                "Triton's packages cannot be installed. Is the Python package index reachable? "
                "The wheels exist for Linux on x86-64 with Python 3.11 or 3.12.\n" + failure
            )


def _failure(command: Sequence[str]) -> str | None:
    """Run a command; None if it succeeds, else the end of what it said."""
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT_SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as error:
        return type(error).__name__
    if done.returncode == 0:
        return None
    return "\n".join(done.stderr.splitlines()[-_LINES_SHOWN:])


def _assemble_backend(environment: TritonEnvironment) -> None:
    """Put the Python backend and the stub of this Python together, as Triton looks for them."""
    server = environment.site_packages / "pytriton" / "tritonserver"
    target = environment.backends / "python"
    stub = server / "python_backend_stubs" / _PYTHON / "triton_python_backend_stub"
    shutil.copytree(server / "backends" / "python", target)
    shutil.copy2(stub, target)
    (target / stub.name).chmod(0o755)


def _prepare_interpreter(environment: TritonEnvironment) -> None:
    """Let the stub write no bytecode, and import what the models need as soon as it starts.

    Bytecode would stay in the model repository when a version is taken away, and a folder without
    a graph keeps the whole model from loading. The stub heeds no PYTHONDONTWRITEBYTECODE.

    Importing takes seconds, and while the model loads Triton wants a sign of life within each one.
    """
    lines = ["import onnxruntime", "import sys; sys.dont_write_bytecode = True"]
    (environment.site_packages / "adewatch.pth").write_text("".join(f"{line}\n" for line in lines))


def _provide_libpython(directory: Path) -> None:
    """Make the stub's libpython findable: of this very Python, else of the system, else of Debian.

    A Debian machine with only the package python3 has none, and no root can be asked for it; the
    package can be downloaded and unpacked without.
    """
    directory.mkdir()
    own = Path(sysconfig.get_config_var("LIBDIR") or "") / _LIBRARY
    if own.is_file():
        (directory / _LIBRARY).symlink_to(own)
        return
    if _system_has_library():
        return
    found = _unpack_debian_package(directory)
    if found is None:
        raise SetupError(
            f"{_LIBRARY} was not found, and Triton's Python backend links to it. "
            f"Install it (Debian, Ubuntu: libpython{_PYTHON}; Fedora: python3-libs)."
        )
    (directory / _LIBRARY).symlink_to(found)


def _system_has_library() -> bool:
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return True


def _unpack_debian_package(directory: Path) -> Path | None:
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        return None
    downloaded = subprocess.run(  # noqa: S603 - our own command
        [apt, "download", f"libpython{_PYTHON}"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_INSTALL_TIMEOUT_SECONDS,
    )
    packages = list(directory.glob("*.deb"))
    if downloaded.returncode != 0 or not packages:
        return None
    if _failure([dpkg, "-x", str(packages[0]), str(directory / "unpacked")]) is not None:
        return None
    return next((directory / "unpacked").rglob(_LIBRARY), None)
