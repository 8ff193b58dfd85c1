"""The claims of the literature, tested on whatever sweep there is; each says "cannot be said" where it lacks the means.

Intervals are over images. Verdicts follow the interval, not the value: a claim is found where all of the interval is
on its side.
"""

from collections.abc import Callable

from analysis.robustness.evidence import Bar, Evidence, Finding, Verdict
from analysis.robustness.findings_accuracy import fragile, lottery, multi_prize_robust, parameters
from analysis.robustness.findings_geometry import closest_pruners, multi_prize_angles
from analysis.robustness.findings_redundancy import fewer_corruptions, redundant_pair

__all__ = ["CLAIMS", "Bar", "Evidence", "Finding", "Verdict", "verdicts"]

CLAIMS: tuple[Callable[[Evidence], Finding], ...] = (
    *(closest_pruners, redundant_pair, fewer_corruptions, multi_prize_angles, multi_prize_robust, parameters),
    *(lottery, fragile),
)


def verdicts(given: Evidence) -> list[Finding]:
    """Every claim, in a fixed order."""
    return [claim(given) for claim in CLAIMS]
