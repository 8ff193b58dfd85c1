"""How to read the page, what its numbers mean, and what cannot be said from them."""

from __future__ import annotations

import streamlit as st

from app.boundary import plain
from app.geometry_choice import Subject
from app.geometry_words import GROUPS

READING = """
#### How to read this
A network turns each image into rows of numbers, its features, one row a layer; maps are averaged over their places.
This page measures how these rows lie: how many dimensions they use, how far classes are apart, whether they have
collapsed to one point each, and how alike two layers or two models read. **A number belongs to one model, one layer,
one set of images.** Every number says what it was taken over (n), and in which form; the cursor shows both.
"""

INTERVALS = """
#### Intervals
They are 95 % over samples: how much another draw of **as many** images would change the number. Spreads,
means, neighbours and similarities are taken anew for that; a share of samples, an accuracy or NC4, counts the samples
that it asks. Two things are not in them:
- What more images would change. With few samples some numbers are too high or too low whatever is drawn: dimensions,
  ranks, the coding rate, NC1 and Procrustes distances grow with n; Fisher's ratio and what classes save of the coding
  rate fall. Compare at the same n.
- What another training run would change. For that, put several runs side by side.

Where one pair of classes or samples sets the number, a smallest angle or margin, there is no interval.
"""

COLLAPSE = r"""
#### Neural collapse
At the end of training a network tends to map each class to one point (NC1), these points to the corners of a simplex
(NC2), its weights to the same directions (NC3), so that it answers with the nearest class mean (NC4). The theory is
about **training** features; of test images the same numbers say how far that carries over.
"""

LIMITS = """
#### What cannot be said
- Lengths and distances of two models are in different units. Compare angles, ratios, ranks, or shapes over depth.
- Estimates of dimension depend on how many samples there are; compare them at the same n.
- With fewer samples than features, spectra and what is made from them are biased: a caveat says so.
- Similarity of 1 is not equality: CKA ignores rotations, SVCCA any linear map, and all are of these images only.
- A linear probe finds what can be read from features, not what the network reads from them.
"""


def button(subject: Subject) -> None:
    """A popover, drawn only while it is open."""
    box = st.popover("How to read this", icon=":material/menu_book:", key="geometry.notes", on_change="rerun")
    if box.open:
        with box:
            for text in (READING, INTERVALS, COLLAPSE, LIMITS):
                st.markdown(text)
            group = st.selectbox("Measures", [*GROUPS, "similarity"], key="geometry.notes.group")
            st.markdown(measures(group))


def measures(group: str) -> str:
    """What the registry says of a group, as Markdown."""
    from analysis.geometry import MEASURES

    lines = []
    for m in (m for m in MEASURES if m.group == group):
        said = f"- **{plain(m.label)}** ({plain(m.note.paper)}): {plain(m.note.reads)} {plain(m.note.fails)}"
        lines.append(f"{said} Taken as: {plain(m.convention)} {plain(m.note.differs)}".rstrip())
    return "\n".join(lines)
