"""What a finished pass left in its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.passes.collectors import moments_path
from analysis.passes.features import feature_path
from analysis.passes.parts import Tally, part_path
from analysis.passes.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class PassResult:
    """One classifier's pass, whole. The files are described in parts.py, features.py and moments.py."""

    folder: Path
    parts: tuple[Path, ...]  # in order
    features: Mapping[str, Path]  # tap -> (N, D) float32 .npy, "logits" and "penultimate" among them where asked
    moments: Path | None  # none where no taps were asked
    condition: str
    class_map: tuple[int, ...]
    samples: int
    known: int  # whose true class the classifier has
    correct: int
    linear_head: bool
    autocast: bool
    batch: int  # the last one, after any halving
    remarks: tuple[str, ...]
    seconds: float  # computing, over all starts
    images_per_second: float  # of this start; 0 where there was nothing left to do

    @property
    def taps(self) -> tuple[str, ...]:
        return tuple(self.features)

    @property
    def accuracy(self) -> float | None:
        """Over the samples whose true class the classifier has; None where there are none."""
        return self.correct / self.known if self.known else None


def part_paths(folder: Path, count: int) -> tuple[Path, ...]:
    return tuple(part_path(folder, n) for n in range(count))


def feature_paths(folder: Path, taps: Sequence[str]) -> dict[str, Path]:
    return {tap: feature_path(folder, tap) for tap in taps}


def moments_of(folder: Path) -> Path | None:
    path = moments_path(folder)
    return path if path.exists() else None


def summed(tallies: Sequence[Tally]) -> Tally:
    """All parts together."""
    return Tally(
        sum(t.samples for t in tallies),
        sum(t.known for t in tallies),
        sum(t.correct for t in tallies),
        sum(t.unusable for t in tallies),
    )


def remarks(plan: Plan, name: str, whole: Tally) -> tuple[str, ...]:
    """What must be said of a pass of the classifier of that name."""
    said = []
    if not plan.asked.linear_head:
        said.append(f"The head of {name} is not one linear map, so angle, length and margin are not there.")
    elif whole.known < whole.samples:
        said.append("Where the true class is unknown, angle and margin are to the predicted class.")
    if whole.unusable:
        said.append(f"{whole.unusable:,} images gave logits that are not numbers; they have no confidence.")
    if plan.asked.autocast:
        said.append("The network ran in half precision (autocast).")
    if len(plan.batches) > 1:
        said.append(f"Memory did not suffice for a batch of {plan.batches[0][1]}; it ended at {plan.batches[-1][1]}.")
    if len(plan.environments) > 1:
        said.append(f"Computed in turns by {' and '.join(plan.environments)}: the last digits may differ.")
    return tuple(said)
