"""Explain image files by name: the shortest way in from a script or notebook."""

from collections.abc import Sequence
from pathlib import Path

from analysis.datasets.decoding import MAX_BYTES, decode
from analysis.errors import UnreadableImage
from analysis.pipelines.explain import explain
from analysis.store import Store
from analysis.types import Ask, Explanation, Picture, Request
from models.catalogue import load
from models.classifier import Classifier


def explain_files(
    files: Sequence[str | Path],
    *,
    model: str | Classifier = "resnet20-cifar10",
    methods: Sequence[str | Ask] = ("gradcam",),
    taps: Sequence[str] = ("auto",),
    targets: Sequence[str] = ("predicted",),
    workspace: str | Path | None = None,
) -> list[Explanation]:
    """Predictions and maps of image files, in the order given.

    With a workspace, what was asked before is read back and what is new is kept, and its imported models are known.
    Raises CutawayError, with what to do, for an unreadable image, an unknown name or a store held elsewhere.
    """
    pictures = [picture(Path(f)) for f in files]
    asks = tuple(m if isinstance(m, Ask) else Ask(m) for m in methods)
    request = Request(methods=asks, taps=tuple(taps), targets=tuple(targets))
    folder = Path(workspace) if workspace is not None else None
    classifier = model if isinstance(model, Classifier) else load(model, imported=folder and folder / "models")
    if folder is None:
        return explain(classifier, pictures, request)
    with Store.open(folder) as store:
        return explain(classifier, pictures, request, store=store)


def picture(file: Path) -> Picture:
    """The decoded file; UnreadableImage where there is none or it is no image."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)  # enough for `decode` to refuse it
    except OSError as error:
        raise UnreadableImage(f"The file {file.name} cannot be read: {error.strerror or error}.") from error
    return decode(data, file.name)
