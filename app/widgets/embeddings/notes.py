"""How to read the pictures, what their numbers mean, and what cannot be said from them."""

from __future__ import annotations

import streamlit as st

from app.boundary import plain
from app.embeddings_choice import Subject

READING = """
#### How to read this
A network turns each image into a row of numbers, its features. A projection lays these rows out in two or three
dimensions so that images that are near each other for the network are near each other in the picture. Something is
always lost: 64 or 2,048 dimensions do not fit in two. **Trust neighbourhoods as far as the numbers under each pane say;
do not trust gaps, sizes and shapes of groups in UMAP, t-SNE and PaCMAP.** PCA, LDA and class directions are linear:
there, distances along an axis mean what they say, and everything orthogonal to the axes is left out.
"""

NUMBERS = r"""
#### The numbers under each pane
- **trust**: trustworthiness (Venna and Kaski 2001). 1 where no neighbour in the picture is a stranger in the features.
- **continuity**: 1 where no neighbour in the features is torn away in the picture.
- **overlap**: mean share of the $k$ nearest that features and picture have in common.
- **distances**: Spearman's correlation of distances in features and picture (Shepard's diagram).
- **seeds**: how far a sample lies from its place under another seed, after turning one picture onto the other
  (Procrustes), in the picture's radius; the median.
- **placing**: the same of samples that were left out and then placed as an upload is.
- The colour **Error of the picture** is the share of a sample's nearest in the picture that are not among its nearest
  in the features. The colour **Moved since pane 1** is its distance from its place in the first pane, after turning.
"""

LIMITS = """
#### What cannot be said
- A tight group says that the network treats these images alike, not that they are alike.
- Two models' pictures may differ because the models do, because of the seed, or because of the method: compare the
  number under **seeds** with the median way between panes.
- Colours by prediction, confidence and margin come from the first pane's model.
- Uploads are not part of what was laid out. Where a method has no map for new images they are put between their
  nearest neighbours, which can only ever put them among images that are there.
"""


def button(subject: Subject) -> None:
    """A popover, drawn only while it is open."""
    box = st.popover("How to read this", icon=":material/menu_book:", key="embeddings.notes", on_change="rerun")
    if box.open:
        with box:
            for text in (READING, methods(subject), NUMBERS, LIMITS):
                st.markdown(text)


def methods(subject: Subject) -> str:
    """What the registry says of the methods that are on show."""
    from analysis.projections import PROJECTIONS

    shown = dict.fromkeys(laid.pane.method for laid in subject.panes if laid.pane.method in PROJECTIONS)
    lines = ["#### On show"] if shown else []
    for name in shown:
        method = PROJECTIONS[name]
        said = f"- **{plain(method.label)}** ({plain(method.note.paper)}): {method.note.reads} {method.note.fails}"
        lines.append(f"{said} {method.note.differs}".rstrip())
    return "\n".join(lines)
