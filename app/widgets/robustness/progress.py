"""(to be written)"""

from __future__ import annotations

from analysis.sweeps import SweepRecord


def section(sweep: SweepRecord | None) -> None:
    return
