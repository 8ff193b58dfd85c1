"""Corruptions: one image under all of them, in five severities; a click makes that the condition of a, or of b."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import streamlit as st

from analysis.datasets.decoding import decode
from analysis.engine.jobs import Job
from analysis.errors import DataError
from app import resources, words
from app.boundary import guarded, plain
from app.figures.tiles import TINY, grid
from app.robustness_choice import PAGE, Choice, Room, Subject
from app.widgets.progress import settled, watch
from app.widgets.robustness import corruptions_sheet
from app.widgets.robustness.samples_tiles import stamped
from app.widgets.robustness.strips import levels

SIDES: dict[Room, int] = {"small": 40, "large": 60}
HELP = (
    "Severity 1 to 5 from left to right. Point at a tile to read its level; a click makes its condition that of a, or "
    "of b. Conditions that the sweep has not cannot be clicked."
)


def section(subject: Subject, room: Room) -> Choice:
    """Draw the sheet; nothing of the choice is changed here but by a click."""
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return subject.choice
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picture = _picture(subject)
        target = st.segmented_control(
            "A click sets the images of", ["a", "b"], default="a", required=True, key="robustness.corruptions.target",
            help=HELP,
        )  # fmt: skip
    if picture is None:
        st.info("There is no picture to show. Choose or upload one.", icon=":material/image:")
        return subject.choice
    _sheet(subject, room, picture, str(target or "a"))
    return subject.choice


def _sheet(subject: Subject, room: Room, picture: corruptions_sheet.Subject, target: str) -> None:
    from analysis.robustness import CORRUPTIONS
    from app.figures.robustness_gallery import TABLES, laid_out, sheet

    methods = laid_out(CORRUPTIONS, masked=picture.mask is not None)
    names = [m.name for m in methods]
    job = corruptions_sheet.found(picture, names)
    if isinstance(job, Job) and settled([job]):
        job = corruptions_sheet.found(picture, names)
    if isinstance(job, Job):
        if job.error is not None:
            st.warning(plain(str(job.error)), icon=":material/info:")
        else:
            watch(resources.jobs(), [job.key])
        return
    made, data = job
    sweep, size = subject.sweep, (picture.pixels.shape[0], picture.pixels.shape[1])
    known = {c.name: True for c in sweep.conditions}
    tables = {m.table(*size) for m in methods} - {"any"}
    said = " and ".join(TABLES[t] for t in sorted(tables))
    st.caption(
        plain(f"{picture.name}, {size[0]} × {size[1]} pixels. Levels of severity: {said or TABLES['any']}.")
        + (f" {words.plural(len(names), 'corruption')}; attacks are made against a network and have no one image.")
    )
    at = sweep.conditions[(subject.a if target == "a" else subject.b)[1]].name
    columns, rows = grid(made.count)
    pixels = max(size) <= TINY
    src = f"data:image/{'png' if pixels else 'webp'};base64,{base64.b64encode(data).decode()}"
    found: dict[str, Any] = {
        "groups": sheet(methods, made.names, size, known),
        "sprite": {"src": src, "columns": columns, "rows": rows, "pixels": pixels},
        "chosen": at,
        "side": SIDES[room],
        "aspect": 1,
    }
    levels(stamped(found), "robustness.corruptions.sheet", lambda condition: _chosen(target, condition))
    for name, why in made.refused.items():
        st.caption(plain(f"{name}: {why}"))


def _chosen(target: str, condition: str) -> None:
    PAGE.change(**({"at": condition} if target == "a" else {"bt": condition}))


def _picture(subject: Subject) -> corruptions_sheet.Subject | None:
    """Draw the choice of a picture: a sample of the sweep, a photograph that is at hand, or an upload."""
    sweep = subject.sweep
    own = _sample(subject)
    uploads: dict[str, tuple[str, bytes]] = st.session_state.setdefault("robustness.corruptions.uploads", {})
    offered: dict[str, str] = {"sample": own.name} if own else {}
    offered |= {key: name for key, (name, _) in uploads.items()} | _photographs()
    if not offered:
        return None
    key = PAGE.seed("corruptions.picture", next(iter(offered)), offered)
    chosen = st.selectbox("Picture", offered, key=key, format_func=lambda k: offered.get(k) or k, width=320)
    with st.popover("Upload", icon=":material/upload:"):
        st.file_uploader(
            "A picture", key="robustness.corruptions.upload", on_change=guarded(_uploaded),
            help="It is cropped to the size of the sweep's images.",
        )  # fmt: skip
    if chosen == "sample" or chosen is None:
        return own
    name, data = uploads[chosen] if chosen in uploads else _bytes_of(chosen)
    return corruptions_sheet.Subject(chosen, name, _cropped(name, data, sweep.image_size), seed=sweep.seed)


def _uploaded() -> None:
    file = st.session_state.get("robustness.corruptions.upload")
    if file is None:
        return
    data = file.getvalue()
    picture = decode(data, file.name)
    st.session_state["robustness.corruptions.uploads"][picture.digest] = (picture.name, data)
    PAGE.anew("corruptions.picture")
    st.session_state[PAGE.seed("corruptions.picture", picture.digest)] = picture.digest


def _sample(subject: Subject) -> corruptions_sheet.Subject | None:
    """The sample that is looked at, else the first; None where the images are not here."""
    sweep, chosen = subject.sweep, subject.choice.sample
    samples, truth = resources.store().sweeps.truth(sweep.sweep_id)
    shown = samples if subject.selected is None else np.intersect1d(samples, subject.selected)
    if not len(samples):
        return None
    sample = chosen if chosen is not None and chosen in samples else int(shown[0] if len(shown) else samples[0])
    try:
        images = resources.dataset(sweep.dataset_id)
        from analysis.pipelines.sweep_seen import crop_of_sweep, seen

        crop = crop_of_sweep(resources.settings().workspace, sweep)
        pixels = seen(images, [sample], sweep, 0, crop)[0]
        mask = images.mask(sample)
    except (DataError, FileNotFoundError):
        return None
    label = int(truth[int(np.searchsorted(samples, sample))])
    name = f"Sample {sample:,}" + (f", {sweep.class_names[label]}" if label >= 0 else "")
    fits = mask if mask is not None and mask.shape == pixels.shape[:2] else None
    return corruptions_sheet.Subject(f"{sweep.dataset_id}:{sample}", name, pixels, sample, sweep.seed, fits)


@st.cache_resource(show_spinner=False)
def _photographs() -> dict[str, str]:
    from analysis.datasets.samples import sample_pictures

    return {picture.name: f"{picture.title} (photograph)" for picture in sample_pictures()}


def _bytes_of(name: str) -> tuple[str, bytes]:
    from analysis.datasets.samples import sample_pictures

    found = next(p for p in sample_pictures() if p.name == name)
    return found.title, found.read()


def _cropped(name: str, data: bytes, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8, the middle of a picture."""
    from models.preprocessing import Preprocessing

    crop = Preprocessing(size=size, resize=min(size), interpolation="bicubic")
    return np.asarray(crop.cropped(decode(data, name).pixels)).copy()
