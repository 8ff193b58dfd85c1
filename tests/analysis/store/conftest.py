"""Maps and a child process for the store's tests."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from analysis.types import AttributionMap

_PREAMBLE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from analysis.errors import StoreBusy, StoreError
from analysis.store import Store
from analysis.types import AttributionMap, Prediction
workspace = Path(sys.argv[1])
def made(seed, side=7):
    raw = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
    return AttributionMap(raw, "gradcam", {}, ("layer4",), "cat", "i", "c", (), 0.1, "cpu", datetime.now(UTC))
"""


@pytest.fixture
def made() -> Callable[..., AttributionMap]:
    """A map that depends on a seed alone, but for its time."""

    def make(seed: int, side: int = 7) -> AttributionMap:
        raw = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
        return AttributionMap(raw, "gradcam", {}, ("layer4",), "cat", "i", "c", (), 0.1, "cpu", datetime.now(UTC))

    return make


@pytest.fixture
def child(tmp_path) -> Callable[..., subprocess.Popen[str]]:
    """Start a process that runs code with `workspace` and `made` at hand."""

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _PREAMBLE + textwrap.dedent(code), str(tmp_path), *arguments]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start
