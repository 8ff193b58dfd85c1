"""Which device computes, and what to call it."""

import platform
import re
import subprocess
import sys
from functools import cache
from pathlib import Path


def best() -> str:
    """The fastest device there is: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


@cache
def describe(device: str) -> str:
    """A device's name as people know it: "cuda:0" -> "NVIDIA H100", "cpu" -> "Intel Xeon Platinum 8481C"."""
    kind = device.split(":")[0]
    if kind == "cuda":
        import torch

        return _short(torch.cuda.get_device_name(device))
    return _short(_processor()) + (" GPU" if kind == "mps" else "")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(errors="replace"), re.MULTILINE)
        if found:
            return found[1]
    if sys.platform == "darwin":
        asked = subprocess.run(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        if asked.returncode == 0:
            return asked.stdout
    return platform.processor() or platform.machine() or "CPU"


def _short(name: str) -> str:
    name = re.sub(
        r"\((R|TM|C)\)|\bCPU\b|\bProcessor\b|@.*$|\b\d+-Core\b|\b\d+GB\b|\bHBM\w*", " ", name, flags=re.IGNORECASE
    )
    return " ".join(name.split()) or "CPU"
