"""How much memory a process took, as Linux keeps it."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mib() -> float:
    """The most memory that this process ever held, in MiB.

    Unlike `ru_maxrss`, which begins with the peak of whoever started the process.
    """
    status = Path("/proc/self/status").read_text("ascii", "replace")
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError("the kernel does not say how much memory the process took")
    return int(found[1]) / 1024
