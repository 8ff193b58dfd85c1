"""One classifier's side of a pass: its folder, its batches, and the parts that it lacks."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from analysis.passes import parts
from analysis.passes.collectors import Collector, FeatureCollector, MomentCollector, Seen
from analysis.passes.files import WriteFailed, told
from analysis.passes.forward import LOGITS, Forward, Outputs, out_of_memory
from analysis.passes.geometry import LinearHead
from analysis.passes.plan import Asked, Plan, load_plan, power_of_two, save_plan, truth_digest
from analysis.passes.predictions import columns
from analysis.passes.result import PassResult, feature_paths, moments_of, part_paths, remarks, summed
from analysis.passes.zeros import ZeroCollector
from models.classifier import Classifier
from models.errors import CutawayError

_OURS = ("part-*", "features-*", "moments*", "zeros*")


Fetched = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
"""In the computer's memory: logits and features (n, D), and zeros of maps (n, C), by the names of taps."""


class OutOfMemory(CutawayError):
    """Not even one image fits."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of one classifier."""

    folder: Path
    class_map: tuple[int, ...]
    taps: tuple[str, ...]
    condition: str
    autocast: bool
    collectors: tuple[Collector, ...] = ()


class OnePass:
    """Takes pixels in the order of the samples, computes, and acknowledges part by part."""

    def __init__(self, classifier: Classifier, wish: Wish, truth: np.ndarray, batch: int) -> None:
        """truth (N,) int64, the classifier's class of each sample. PassMismatch where the folder holds another."""
        self.classifier, self.wish, self.truth = classifier, wish, truth
        self.forward = Forward(classifier, wish.taps, wish.autocast, zeros=True)
        self.head = linear_head(classifier)
        total, folder = len(truth), wish.folder
        with told(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.collectors: tuple[Collector, ...] = (
            FeatureCollector(folder, wish.taps, total),
            MomentCollector(folder, wish.taps, parts.count(total)),
            ZeroCollector(folder, cells(classifier, wish.taps), parts.count(total)),
            *wish.collectors,
        )
        self.plan = self._planned(batch)
        found = {n: parts.tally_of(folder, n, total) for n in range(parts.count(total))}
        self.tallies = {n: t for n, t in found.items() if t and all(c.has(n) for c in self.collectors)}
        self.lacking = [n for n in found if n not in self.tallies]
        self._outputs: list[Outputs] = []
        self._started = time.perf_counter()

    def _planned(self, batch: int) -> Plan:
        """Where this folder was, or a beginning."""
        asked = Asked(
            fingerprint=self.classifier.fingerprint,
            samples=len(self.truth),
            labels=truth_digest(self.truth),
            condition=self.wish.condition,
            taps=self.wish.taps,
            autocast=self.wish.autocast,
            linear_head=self.head is not None,
            collectors=tuple(c.name for c in self.wish.collectors),
        )
        plan = load_plan(self.wish.folder, asked)
        if plan is None:  # files without a plan are of unknown origin
            for stale in (p for pattern in _OURS for p in self.wish.folder.glob(pattern)):
                stale.unlink()
            plan = Plan(asked, [(0, power_of_two(batch))])
        here = f"torch {torch.__version__} on {self.forward.device.type}, {torch.get_num_threads()} threads"
        if not plan.complete:
            plan.environments = list(dict.fromkeys([*plan.environments, here]))
            save_plan(self.wish.folder, plan)
        return plan

    def batch(self, number: int) -> int:
        """Of a part; it never changes within one."""
        return self.plan.batch(number)

    def feed(self, number: int, samples: range, pixels: Tensor, again: Callable[[range], Tensor]) -> None:
        """Run the next samples of a part, pixels (n, H, W, C) uint8.

        Where memory does not suffice, the part is begun again with half the batch: `again` prepares samples anew.
        """
        if self._fits(number, pixels):
            return
        begin = parts.span(number, len(self.truth)).start
        while True:
            self._halve(number)
            self._outputs.clear()
            size = self.batch(number)
            pieces = (range(s, min(s + size, samples.stop)) for s in range(begin, samples.stop, size))
            if all(self._fits(number, again(piece)) for piece in pieces):
                return

    def _fits(self, number: int, pixels: Tensor) -> bool:
        """Run a batch at a time; False where memory did not suffice."""
        try:
            for piece in pixels.split(self.batch(number)):
                self._outputs.append(self.forward(piece))
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            return False
        return True

    def _halve(self, number: int) -> None:
        if self.forward.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch(number) == 1:
            rows, columns = self.classifier.preprocessing.size
            raise OutOfMemory(
                f"The memory of this {self.forward.device.type} device does not suffice for {self.classifier.name} "
                f"on one image of {rows} x {columns} pixels. Close what else uses it, or take a smaller network."
            )
        self.plan.halve(number)
        save_plan(self.wish.folder, self.plan)

    def outputs(self) -> Callable[[], Fetched]:
        """What the part's batches gave, to be fetched in another thread."""
        said = self._fetching([{LOGITS: o.logits} | o.features for o in self._outputs])
        zeros = self._fetching([o.zeros for o in self._outputs])
        self._outputs.clear()
        return lambda: (said(), zeros())

    def _fetching(self, batches: Sequence[Mapping[str, Tensor]]) -> Callable[[], dict[str, np.ndarray]]:
        """Of each name, all batches in one array."""
        joined = {name: torch.cat([b[name] for b in batches]) for name in batches[0]}
        if self.forward.device.type != "cuda":
            return lambda: {n: t.cpu().numpy() for n, t in joined.items()}
        pinned = {n: torch.empty(t.shape, dtype=t.dtype, pin_memory=True) for n, t in joined.items()}
        for name, tensor in joined.items():
            pinned[name].copy_(tensor, non_blocking=True)
        copied = torch.cuda.current_stream(self.forward.device).record_event()
        return lambda: _after(copied, pinned)

    def acknowledge(self, number: int, fetch: Callable[[], Fetched]) -> None:
        """Keep a part: collectors first, then the file that says so. Runs in the writing thread."""
        span, (found, zeros) = parts.span(number, len(self.truth)), fetch()
        truth = self.truth[span.start : span.stop]
        seen = Seen(number, span, truth, found.pop(LOGITS), found, self.head, zeros)
        for collector in self.collectors:
            collector.take(seen)
        values, tally = columns(seen)
        parts.write_part(self.wish.folder, number, values, tally)
        self.tallies[number] = tally

    def pause(self) -> None:
        """Note the time taken so far, when the pass ends before it is whole."""
        if not self.plan.complete:
            self.plan.seconds += time.perf_counter() - self._started
            with suppress(WriteFailed):  # what ended the pass is told, not this
                save_plan(self.wish.folder, self.plan)

    def finish(self) -> PassResult:
        """All parts are there: give the files their names and say what there is."""
        seconds = time.perf_counter() - self._started
        done = sum(len(parts.span(n, len(self.truth))) for n in self.lacking)
        for collector in self.collectors:
            collector.finish()
        if not self.plan.complete:
            self.plan.seconds += seconds
            self.plan.complete = True
            save_plan(self.wish.folder, self.plan)
        folder, whole = self.wish.folder, summed([self.tallies[n] for n in sorted(self.tallies)])
        return PassResult(
            folder=folder,
            parts=part_paths(folder, len(self.tallies)),
            features=feature_paths(folder, self.wish.taps),
            moments=moments_of(folder),
            condition=self.wish.condition,
            class_map=self.wish.class_map,
            samples=whole.samples,
            known=whole.known,
            correct=whole.correct,
            linear_head=self.head is not None,
            autocast=self.wish.autocast,
            batch=self.plan.batches[-1][1],
            remarks=remarks(self.plan, self.classifier.name, whole),
            seconds=self.plan.seconds,
            images_per_second=done / seconds if done else 0.0,
        )


def linear_head(classifier: Classifier) -> LinearHead | None:
    """The head in float64; None where it is not one linear map."""
    head = classifier.head
    if head is None:
        return None
    weight = head.weight.cpu().double().numpy()
    bias = np.zeros(len(weight)) if head.bias is None else head.bias.cpu().double().numpy()
    return LinearHead(weight, bias)


def cells(classifier: Classifier, taps: Sequence[str]) -> dict[str, int]:
    """How many a map has at each of these taps; 1 where it is a vector."""
    maps = {tap: classifier.taps[tap] for tap in taps if tap in classifier.taps}
    return {t: maps[t].grid[0] * maps[t].grid[1] if t in maps and maps[t].spatial else 1 for t in taps}


def _after(copied: torch.Event, pinned: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Host copies, once the device has made them."""
    copied.synchronize()
    return {n: t.numpy() for n, t in pinned.items()}
