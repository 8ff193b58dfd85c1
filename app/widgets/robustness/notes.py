"""What the numbers of the page mean, and what cannot be said from them."""

from __future__ import annotations

import streamlit as st

from analysis.sweeps import SweepRecord
from app.boundary import plain
from app.robustness_choice import Subject

GEOMETRY = r"""
#### The three numbers of a sample
They are read from the input $x$ of the last linear layer (weights $w_c$, biases $b_c$, logits
$z_c = w_c \cdot x + b_c$), not from the softmax.

- **length** $\lvert x \rvert$, in the features' own unit. It scales all logits, so it acts on confidence.
- **angle** $\theta_y = \arccos \dfrac{w_y \cdot x}{\lvert w_y \rvert \lvert x \rvert}$ to the true class's direction:
  how well the features point at their class. Small is good.
- **margin** $\min_{j \ne y} \dfrac{(w_y - w_j) \cdot x + b_y - b_j}{\lvert w_y - w_j \rvert}$: the distance in feature
  space to the nearest boundary. It is negative exactly where the sample is misclassified, ties aside.

Identities that hold for every variant with one linear head, and that tests check: the logits are rebuilt from
$\lvert w \rvert$, $\lvert x \rvert$, all angles and $b$; the sign of the margin is the correctness; moving $x$ by the
margin along the boundary's normal flips the answer. Other heads (cosine, several layers) and decks have no angle,
length or margin: their cells say so by having no histogram.
"""

SCORES = r"""
#### Scores
- **Accuracy, error**: over the samples whose class the models know. The interval is a 95 % bootstrap over samples:
  it says how much another draw of images would change, not another training.
- **Accuracy gap**: to the reference under the same condition.
- **mean**: over the corruptions of the benchmark, without the four extra ones. **mCE**: for each corruption the error
  summed over severities, divided by the reference's, averaged, in per cent. Here the reference is a model of the sweep,
  so mCE is not comparable with published numbers that divide by AlexNet.
- **ECE**: expected calibration error over 15 bins of confidence. **NLL**: mean of $-\log p_y$.
  **Brier**: $\sum_c (p_c - [c = y])^2$, from 0 to 2.
- **Agreement**: share of samples on which the variant says what the reference says.
- **AUROC** of max-softmax, max-logit and energy: how well the score tells corrupted from clean images; the corrupted
  ones are the positive class, 50 % is chance.
"""

LIMITS = """
#### What cannot be said
- Lengths and margins of two variants are in different units: compare their shapes and signs, not their sizes.
- One variant is one training run. A difference between two methods needs several seeds of each.
- Corruptions are synthetic. Robust against them is not robust against what a camera meets.
- With a selection, scores are recounted over it where sums suffice; ECE, agreement and AUROC stay those of all samples,
  and the table says so.
- Severities are levels of a table, not equal steps: a curve's slope says little. Glass blur and motion blur are known
  not to fall evenly.
"""

PAPERS = """
#### Sources
Li et al., *Understanding Robustness Lottery* (TVCG 2024) for the views and the three numbers. Hendrycks and Dietterich,
*Benchmarking Neural Network Robustness to Common Corruptions and Perturbations* (ICLR 2019) for corruptions, severities
and mCE. Diffenderfer et al., *A Winning Hand* (NeurIPS 2021) for decks.
"""


def button(subject: Subject) -> None:
    """A popover, drawn only while it is open."""
    box = st.popover("What the numbers mean", icon=":material/menu_book:", key="robustness.notes", on_change="rerun")
    if box.open:
        with box:
            st.markdown(_levels(subject.sweep))
            for text in (GEOMETRY, SCORES, LIMITS, PAPERS):
                st.markdown(text)


def _levels(sweep: SweepRecord) -> str:
    rows, columns = sweep.image_size
    names = {"cifar": "CIFAR-C (32 px)", "tiny": "Tiny-ImageNet-C (64 px)", "imagenet": "ImageNet-C (224 px)"}
    said = [
        f"#### {plain(sweep.name)}",
        f"Images were corrupted at {rows} × {columns} pixels with the levels of {names.get(sweep.table, sweep.table)}, "
        f"seed {sweep.seed}, and cut to bytes as the published sets are. Severities of one corruption share their "
        "random draws.",
    ]
    said += [f"- {plain(remark)}" for remark in sweep.remarks]
    return "\n\n".join(said)
