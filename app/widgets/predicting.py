"""Running a model over a dataset: which, with what kept, how the classes go together; and following such work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.records import UNLABELLED, DatasetRecord
from app import frame, resources
from app.widgets import classifiers
from app.widgets.progress import watch

if TYPE_CHECKING:
    from models.classifier import Classifier

NO_CLASS = "no class of the model"
LAST, LOGITS = "penultimate", "logits"


def offer(record: DatasetRecord, key: str) -> None:
    """Draw the choices and the button."""
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    known = list(dict.fromkeys([*classifiers.names(), *_published()]))
    left, right = st.columns(2, gap="large")
    with left:
        if st.session_state.get(f"{key}.model") not in known:
            st.session_state[f"{key}.model"] = known[_likeliest(record, known)]
        name = st.selectbox("Model", known, key=f"{key}.model")
        (ready,) = classifiers.ready([name]) or (None,)
        taps = _kept(ready, key) if ready else []
        busy = st.session_state.get(f"{key}.autocast", False)
        if ready and resources.has_gpu():
            busy = st.checkbox("Half precision, where the GPU is faster so", key=f"{key}.autocast")
    if ready is None:
        return
    with right:
        by_hand = _classes(record, ready, f"{key}.{ready.fingerprint[:8]}.{record.dataset_id[:8]}")
    arguments = {
        "model": name,
        "dataset": record.dataset_id,
        "taps": taps,
        "autocast": busy,
        "class_map": by_hand or None,
    }
    if left.button("Run", type="primary", key=f"{key}.do"):
        frame.submit("predict", arguments, f"{name} over {record.name}")


def _likeliest(record: DatasetRecord, names: Sequence[str]) -> int:
    """The place of the model that shares most class names with the dataset, the first where none does."""
    from models import catalogue

    theirs = {name.casefold() for name in record.class_names}
    cards = [catalogue.card(name, resources.settings().imported_models) for name in names]
    shared = [len(theirs.intersection(map(str.casefold, card.class_names))) if card else 0 for card in cards]
    return shared.index(max(shared))


def _published() -> list[str]:
    """Those of timm and torchvision that were used in this workspace."""
    return [m.name for m in resources.store().models() if m.source in ("timm", "torchvision")]


def _kept(classifier: Classifier, key: str) -> list[str]:
    """Features to keep, for the views of features: none unless asked for, as they take room."""
    options = {LOGITS: "Logits"} | ({LAST: "Features before the head"} if classifier.head else {})
    options |= {t.name: f"{t.name} · {t.channels} channels" for t in classifier.taps.values()}
    return st.multiselect(
        "Features to keep",
        options,
        format_func=options.__getitem__,
        key=f"{key}.taps",
        placeholder="None",
        help="Later pages read them. Predictions, confidence, loss and margin are always kept.",
    )


def _classes(record: DatasetRecord, classifier: Classifier, key: str) -> dict[str, int]:
    """How the dataset's classes go with the model's; those set by hand, by their numbers, as JSON has them."""
    from analysis.datasets.class_mapping import match

    if not record.class_names:
        st.caption("The images have no classes, so there is nothing to be right or wrong about.")
        return {}
    found = match(record.class_names, classifier.class_names)
    kept = resources.store().class_map(record.dataset_id, classifier.fingerprint) or {}
    usual = [kept.get(i, place) for i, place in enumerate(found.class_map)]
    unmatched = usual.count(UNLABELLED)
    st.markdown(f"**Classes:** {len(usual) - unmatched:,} of {len(usual):,} go with one of the model's")
    if unmatched:
        st.caption("Images of the others get a prediction, but none is right or wrong. Map them by hand where you can.")
    chosen = _table(record.class_names, classifier.class_names, usual, found.how, key)
    return {str(i): place for i, place in enumerate(chosen) if place != found.class_map[i]}


def _table(theirs: Sequence[str], ours: Sequence[str], usual: Sequence[int], how: Sequence[str], key: str) -> list[int]:
    """The mapping as a table to edit, unmatched classes first; for each of their classes ours, or UNLABELLED."""
    import pandas

    words = {UNLABELLED: NO_CLASS} | {i: _numbered(name, i, ours) for i, name in enumerate(ours)}
    numbers = {word: i for i, word in words.items()}
    order = sorted(range(len(theirs)), key=lambda i: usual[i] != UNLABELLED)
    frame = pandas.DataFrame(
        {
            "Dataset": [theirs[i] for i in order],
            "Model": [words[usual[i]] for i in order],
            "Found by": [how[i] for i in order],
        }
    )
    edited = st.data_editor(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 300),
        disabled=["Dataset", "Found by"],
        column_config={"Model": st.column_config.SelectboxColumn(options=list(numbers), required=True)},
        key=f"{key}.map",
    )
    chosen = dict(zip(order, (numbers[word] for word in edited["Model"]), strict=True))
    return [chosen[i] for i in range(len(theirs))]


def _numbered(name: str, number: int, names: Sequence[str]) -> str:
    """With its number where two classes are called the same."""
    return name if names.count(name) == 1 else f"{name} ({number})"


def follow(wanted: Callable[[Any], bool]) -> None:
    """Draw the progress of the work that is wanted, while there is some."""
    keys = [job.key for job in resources.work().jobs() if job.active and wanted(job)]
    if keys:
        watch(resources.jobs(), keys, _cancel)


def _cancel(key: str) -> None:
    resources.work().cancel(key)
