"""Explain pictures: what is in the store is read back, the rest computed from shared passes and stored."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import torch
from torch import Tensor

from analysis.attribution.augmentation import views
from analysis.attribution.capture import run_pass
from analysis.attribution.fusion import fused
from analysis.attribution.kept import KeptPasses
from analysis.attribution.runner import Maps, Subject, attribute, score_weights
from analysis.attribution.targets import ranked_with
from analysis.engine.devices import describe
from analysis.errors import NotApplicable
from analysis.pipelines.identical import identical_methods
from analysis.pipelines.passing import TOP, shared_pass
from analysis.pipelines.wanted import Wanted, plan
from analysis.store.store import Store
from analysis.types import AttributionMap, Explanation, Picture, Prediction, Report, Request, silent
from models.classifier import Classifier, Tap

BATCH_PIXELS = 16 * 224 * 224
ANY_CLASS = "any class"


def explain(
    classifier: Classifier,
    pictures: Sequence[Picture],
    request: Request,
    *,
    store: Store | None = None,
    kept: KeptPasses | None = None,
    report: Report = silent,
) -> list[Explanation]:
    """Predictions and every requested map of every picture, in the order given.

    Without a store nothing is read back or saved; without `kept` every call makes its own pass. Raises
    CutawayError where the request is wrong and Cancelled where `report` does; maps finished before are in the store.
    """
    wanted, refused = plan(classifier, request)
    digests = [p.digest for p in pictures]
    known = _read_back(store, classifier, digests, wanted)
    missing = [p for p in _distinct(pictures) if not known.complete(p.digest, wanted)]
    kept = KeptPasses() if kept is None else kept
    batches = list(_batches(missing, classifier))
    for number, batch in enumerate(batches):
        part = _within(report, number, len(batches))
        _compute(classifier, batch, wanted, known, refused, store, kept, part)
    report(1.0, "")
    return [_explanation(classifier, digest, wanted, known, refused) for digest in digests]


@dataclass(slots=True, eq=False)
class Known:
    """What is known of the pictures so far."""

    fingerprint: str
    top: dict[str, tuple[Prediction, ...]]  # by image
    maps: dict[str, AttributionMap]  # by run id

    def complete(self, image: str, wanted: Sequence[Wanted]) -> bool:
        return image in self.top and not self.lacking(image, wanted)

    def lacking(self, image: str, wanted: Sequence[Wanted]) -> list[Wanted]:
        return [w for w in wanted if w.run_id(self.fingerprint, image) not in self.maps]


def _read_back(store: Store | None, classifier: Classifier, digests: Sequence[str], wanted: Sequence[Wanted]) -> Known:
    if store is None:
        return Known(classifier.fingerprint, {}, {})
    ids = [w.run_id(classifier.fingerprint, d) for d in set(digests) for w in wanted]
    top = store.predictions(classifier.fingerprint, list(set(digests)))
    return Known(classifier.fingerprint, dict(top), dict(store.attributions(ids)))


def _distinct(pictures: Sequence[Picture]) -> list[Picture]:
    return list({p.digest: p for p in pictures}.values())


def _batches(pictures: list[Picture], classifier: Classifier) -> Iterator[list[Picture]]:
    rows, columns = classifier.preprocessing.size
    size = max(1, BATCH_PIXELS // (rows * columns))
    for start in range(0, len(pictures), size):
        yield pictures[start : start + size]


def _within(report: Report, number: int, total: int) -> Report:
    """A report for part `number` of `total` equal parts."""
    return lambda fraction, message: report((number + fraction) / total, message)


def _compute(
    classifier: Classifier,
    pictures: list[Picture],
    wanted: Sequence[Wanted],
    known: Known,
    refused: dict[str, str],
    store: Store | None,
    kept: KeptPasses,
    report: Report,
) -> None:
    """Predictions and the lacking maps of one batch, into `known` and the store as they are ready."""
    lacking = {p.digest: known.lacking(p.digest, wanted) for p in pictures}
    todo = [w for w in wanted if any(w in lacking[p.digest] for p in pictures)]
    with classifier.exclusive() as module:
        start = time.perf_counter()
        device = next((p.device for p in module.parameters()), torch.device("cpu"))
        images = classifier.preprocessing.tensor([p.pixels for p in pictures]).to(device)
        taps = list({t.name: t for w in todo for t in w.taps}.values())
        taken = shared_pass(classifier, module, pictures, images, taps, lambda logits: _needed(logits, todo), kept)
        subject = Subject(classifier, module, images, taken, report)
        shared = (time.perf_counter() - start) / max(1, len(todo))
        for picture, logits in zip(pictures, taken.logits, strict=True):
            known.top[picture.digest] = top_classes(logits, classifier.class_names)
            if store is not None:
                store.save_predictions(classifier.fingerprint, picture.digest, known.top[picture.digest])
        for number, each in enumerate(todo):
            report(number / len(todo), each.method.label)
            subject.report = _within(report, number, len(todo))
            start = time.perf_counter()
            try:
                maps = _maps(subject, each)
            except NotApplicable as reason:
                refused[each.method.name] = str(reason)
                continue
            seconds = (time.perf_counter() - start + shared) / len(pictures)
            found = _results(classifier, pictures, each, maps, known, seconds, str(device))
            done = {run_id: result for run_id, result in found.items() if run_id not in known.maps}
            known.maps.update(done)
            if store is not None:
                store.save_attributions(done, {each.method.name: each.method.version})


def _needed(logits: Tensor, todo: Sequence[Wanted]) -> list[Tensor]:
    """The logit weights (N, L) of all scores to explain."""
    plain = {w.target: w.target.weights(logits) for w in todo if w.target}
    other = [score_weights(w.method, w.params, logits, plain[w.target]) for w in todo if w.target and w.method.retarget]
    return [*plain.values(), *other]


def _maps(subject: Subject, wanted: Wanted) -> Maps:
    """One method's maps of all images of a batch, over its taps and, if asked, over augmented views."""
    logits = subject.taken.logits
    weights = wanted.target.weights(logits) if wanted.target else torch.zeros_like(logits)
    if not wanted.fuses:
        return _smoothed(subject, wanted, wanted.taps, weights)
    each = [_smoothed(subject, wanted, (tap,), weights) for tap in wanted.taps]
    size = (subject.images.shape[-2], subject.images.shape[-1])
    return Maps(fused([m.values for m in each], size, wanted.fusion), each[-1].remarks)


def _smoothed(subject: Subject, wanted: Wanted, taps: Sequence[Tap], weights: Tensor) -> Maps:
    method, params = wanted.method, wanted.params
    plain = attribute(subject, method, params, taps, weights, eigen=wanted.eigen)
    if not wanted.augment:
        return plain
    explained = score_weights(method, params, subject.taken.logits, weights)
    total = torch.zeros_like(plain.values)
    copies = list(views(subject.images))
    for images, back in copies:
        taken = run_pass(subject.module, images, taps, lambda logits: ranked_with([explained], logits, 1))
        other = Subject(subject.classifier, subject.module, images, taken)
        total += back(attribute(other, method, params, taps, weights, eigen=wanted.eigen).values)
    return Maps(total / len(copies), plain.remarks)


def _results(
    classifier: Classifier,
    pictures: Sequence[Picture],
    wanted: Wanted,
    maps: Maps,
    known: Known,
    seconds: float,
    device: str,
) -> dict[str, AttributionMap]:
    """By run id."""
    done = {}
    values = maps.values.cpu().numpy().astype(np.float32)
    for picture, raw, remarks in zip(pictures, values, maps.remarks, strict=True):
        predicted = known.top[picture.digest][0].index
        label = wanted.target.label(classifier.class_names, predicted) if wanted.target else ANY_CLASS
        done[wanted.run_id(classifier.fingerprint, picture.digest)] = AttributionMap(
            raw=raw.copy(),
            method=wanted.method.name,
            params=dict(wanted.params),
            taps=tuple(t.name for t in wanted.taps),
            target=label,
            image=picture.digest,
            classifier=classifier.fingerprint,
            remarks=remarks,
            seconds=seconds,
            device=describe(device),
            computed_at=datetime.now(UTC),
        )
    return done


def top_classes(logits: Tensor, class_names: tuple[str, ...], count: int = TOP) -> tuple[Prediction, ...]:
    """logits (L,) -> the most probable classes, best first."""
    probabilities = logits.double().softmax(0)
    best = logits.topk(min(count, len(logits))).indices.tolist()
    return tuple(Prediction(i, class_names[i], float(probabilities[i]), float(logits[i])) for i in best)


def _explanation(
    classifier: Classifier, image: str, wanted: Sequence[Wanted], known: Known, refused: dict[str, str]
) -> Explanation:
    ids = [w.run_id(classifier.fingerprint, image) for w in wanted]
    maps = tuple(known.maps[i] for i in ids if i in known.maps)
    groups = identical_methods(classifier, maps)
    return Explanation(image, classifier.fingerprint, known.top[image], maps, dict(refused), groups)
