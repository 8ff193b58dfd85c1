"""A picture of the user's own among the classes: angles to them, what is nearest, and how usual its length is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.types import Picture
from app import embeddings_choice, frame
from app import geometry_words as words
from app.boundary import boundary, guarded, plain
from app.figures.geometry_sphere import towards
from app.figures.pictures import thumbnail
from app.figures.tiles import percent
from app.geometry_choice import Subject
from app.widgets.embeddings import at_hand
from app.widgets.embeddings import place as embeddings_place
from app.widgets.embeddings import uploaded as shared
from app.widgets.embeddings.small import small
from app.widgets.geometry import features_here, uploaded
from app.widgets.geometry.picked import select
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import Spot, chosen, line

if TYPE_CHECKING:
    from analysis.pipelines.geometry_placing import Percentile, PlacedUpload

KEY = "geometry.place"
NEAR, CLASSES, THUMB_PX = 10, 10, 104


def section(subject: Subject) -> None:
    """The model and the layer; the uploader; then each picture."""
    with line("place"):
        spot = chosen(subject, layers=True)
    if spot is None:
        return
    turn = st.session_state.setdefault(shared.ROUND, 0)
    st.file_uploader(
        "Place images", embeddings_place.KINDS, accept_multiple_files=True, key=f"{shared.MINE}.{turn}",
        on_change=guarded(shared.taken), args=(turn,), label_visibility="collapsed",
        help=f"Up to {shared.MOST}. They stay on this machine.",
    )  # fmt: skip
    if refused := st.session_state.get(shared.REFUSED):
        st.warning("  \n".join(plain(text) for text in refused), icon=":material/image_not_supported:")
    st.caption(
        "Upload an image: its angles to every class, the nearest class means and samples, and how usual its length "
        "and its margin are among the dataset's."
    )
    at_hand.section(_plainly(subject), f"{KEY}.hand", spot.record)
    given = shared.pictures()[::-1]  # what was asked last is seen at once
    if not given:
        return
    classifier = features_here.loaded(spot.network.name)
    if classifier is None:
        return
    for number, picture in enumerate(given):
        with boundary():
            found = uploaded.outcome(spot, classifier, picture).value
            if found is not None:
                with panel(f"picture-{number}", plain(picture.name), f"in {plain(spot.network.name)}"):
                    _one(subject, spot, number, picture, found)
    st.button("Remove all", icon=":material/delete:", key=f"{KEY}.all", on_click=guarded(shared.removed))


def _one(subject: Subject, spot: Spot, number: int, picture: Picture, found: PlacedUpload) -> None:
    left, middle, right = st.columns([24, 40, 36], gap="small")
    with left:
        _said(spot, picture, found)
    with middle:
        _angles(spot, number, found)
    with right:
        _near(subject, spot, number, picture, found)


def _angles(spot: Spot, number: int, found: PlacedUpload) -> None:
    """A row a class. Weights of other classes than the dataset's are told in words: they share no row with means."""
    foreign = spot.network.foreign
    weights = None if foreign else found.weight_angles
    classes = nearest_classes(found.mean_angles if weights is None else weights)
    answer = found.predictions[0].index if found.predictions and not foreign else -1
    if len(classes):
        figure = towards(
            [spot.names[c] for c in classes], None if weights is None else weights[classes],
            found.mean_angles[classes], answer=classes.tolist().index(answer) if answer in classes else -1,
            height=60 + 24 * len(classes), dark=st.context.theme.type == "dark",
        )  # fmt: skip
        st.plotly_chart(figure, key=f"{KEY}.angles.{number}", config={"displayModeBar": False})
    said = [f"The {len(classes)} nearest of {len(spot.names):,} classes."] * (0 < len(classes) < len(spot.names))
    if foreign and found.weight_angles is not None:
        near = nearest_classes(found.weight_angles, 3)
        listed = ", ".join(f"{plain(spot.record.class_names[c])} {found.weight_angles[c]:.0f}°" for c in near)
        said.append(f"By the weights of the network's own classes: {listed}.")
    elif len(classes):
        said.append("Bold: the network's answer.")
    st.caption(
        " ".join(said),
        help="To the weights: between the features and the class's weights, about the origin. To the mean: between "
        "the features and the class's mean, both less the mean of all class means.",
    )


def _said(spot: Spot, picture: Picture, found: PlacedUpload) -> None:
    st.html(f'<img src="{thumbnail(picture.pixels, THUMB_PX)}" alt="" width="{THUMB_PX}" style="border-radius:6px">')
    st.markdown(" · ".join(f"{plain(p.name)} {percent(p.probability)}" for p in found.predictions[:3]))
    _percentile("Length", found.length, "Length of its features, among those of the dataset's samples.")
    if found.margin is None:
        st.caption("Margin: not defined here because no linear head reads this layer.")
    else:
        _percentile(
            "Margin", found.margin, "Distance in feature space to the nearest boundary of the network's answer, each "
            "sample's to its own answer."
        )  # fmt: skip
    for remark in found.remarks:
        st.caption(plain(remark))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        frame.link("explain", "Explain", ":material/visibility:", picture=picture.digest)
        st.button(
            "", icon=":material/close:", type="tertiary", key=f"{KEY}.remove.{picture.digest[:8]}", help="Remove it",
            on_click=guarded(shared.removed), args=(picture.digest,),
        )  # fmt: skip


def _percentile(name: str, found: Percentile, explained: str) -> None:
    st.caption(f"{name} **{words.short(found.value)}** · {usual(found)}", help=explained)


def usual(found: Percentile) -> str:
    """How many have less, of all and of those with the same answer."""
    said = []
    for value, count, of in (
        (found.of_all, found.all_samples, "all"), (found.of_class, found.class_samples, "the same answer")
    ):  # fmt: skip
        if np.isfinite(value):
            said.append(f"more than {value:.0f}\u00a0% of {of} (n = {count:,})")
        else:
            said.append(f"of {of}: too few samples (n = {count:,})")
    return "; ".join(said)


def nearest_classes(angles: np.ndarray, most: int = CLASSES) -> np.ndarray:
    """(L,) degrees, NaN where there is none -> (n,) classes at the smallest ones, the nearest first."""
    order = np.argsort(np.where(np.isfinite(angles), angles, np.inf), kind="stable")[:most]
    return order[np.isfinite(angles[order])]


def _plainly(subject: Subject) -> embeddings_choice.Subject:
    """As the widgets of the Embeddings page take it: the images and what is selected, without a picture of features."""
    return embeddings_choice.Subject(embeddings_choice.Choice(), subject.dataset, (), selected=subject.selected)


def _near(subject: Subject, spot: Spot, number: int, picture: Picture, found: PlacedUpload) -> None:
    """Nearest means in words, nearest samples as pictures; a click selects one for all pages."""
    if len(found.nearest_means):
        said = " · ".join(
            f"{plain(spot.names[c])} {words.short(float(found.mean_distances[c]))}" for c in found.nearest_means[:3]
        )
        st.caption(f"Nearest class means, by Euclidean distance: {said}")
    ids, distances = found.neighbours.indices[0][:NEAR], found.neighbours.distances[0][:NEAR]
    plainly = _plainly(subject)
    small(
        plainly, ids.tolist(), f"{KEY}.near.{number}", "Nearest samples",
        lambda sample: select(subject, np.array([sample]), f"sample {sample:,}"),
        notes=[embeddings_place.away(d) for d in distances], record=spot.record,
    )  # fmt: skip
    st.caption(f"{embeddings_place.around(plainly, ids)} · {found.neighbours.metric} distance")
    st.button(
        "Select these", icon=":material/select_check_box:", key=f"{KEY}.select.{number}", on_click=guarded(select),
        args=(subject, ids, f"nearest {len(ids)} to {picture.name} in {spot.network.name}"),
    )  # fmt: skip
