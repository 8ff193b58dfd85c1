"""Explain many image files and write what was found, a few at a time; one bad file does not stop the others."""

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.pipelines.explain import explain
from analysis.pipelines.files import picture
from analysis.store.store import Store
from analysis.types import Explanation, Picture, Report, Request
from app import exports, records
from app.records import Record
from models.classifier import Classifier
from models.errors import CutawayError

FILES_AT_ONCE = 16


def explain_files(
    classifier: Classifier,
    request: Request,
    paths: Sequence[Path],
    out: Path,
    *,
    opacity: float,
    store: Store | None,
    complain: Callable[[str], None],
    report: Report,
) -> Record:
    """Write two files a map into `out` and say what was found; what a file could not do is told to `complain`."""
    out.mkdir(parents=True, exist_ok=True)
    named = list(zip(paths, exports.stems(paths), strict=True))
    images: list[Record] = []
    errors: list[Record] = []
    for start in range(0, len(named), FILES_AT_ONCE):
        pictures: list[tuple[Path, str, Picture]] = []
        for path, stem in named[start : start + FILES_AT_ONCE]:
            try:
                pictures.append((path, stem, picture(path)))
            except CutawayError as error:
                complain(f"{path}: {error}")
                errors.append({"image": str(path), "error": str(error)})
        found = explain(
            classifier, [p for *_, p in pictures], request, store=store, report=_part(report, start, len(named))
        )
        for (path, stem, decoded), explanation in zip(pictures, found, strict=True):
            files = _write(explanation, decoded, classifier, request, out, stem, opacity)
            images.append(records.explanation(str(path), decoded, explanation, files))
    report(1.0, "done")
    return {"model": records.classifier(classifier), "images": images, "errors": errors}


def _part(report: Report, start: int, total: int) -> Report:
    size = min(FILES_AT_ONCE, total - start)
    return lambda fraction, message: report((start + fraction * size) / total, message)


def _write(
    explanation: Explanation,
    picture: Picture,
    classifier: Classifier,
    request: Request,
    out: Path,
    stem: str,
    opacity: float,
) -> list[tuple[str, str]]:
    """The paths of the overlay and of the arrays of each map."""
    written = []
    for name, found in zip(exports.map_names(stem, explanation.maps, request), explanation.maps, strict=True):
        png, npz = out / f"{name}.png", out / f"{name}.npz"
        png.write_bytes(exports.overlay_png(found, picture.pixels, classifier.preprocessing, opacity))
        npz.write_bytes(exports.arrays_npz(found, classifier.preprocessing))
        written.append((str(png), str(npz)))
    return written
