"""Shared weights: each weight becomes one of a few values, and a file keeps which (Han, Mao & Dally 2016, section 3).

Groups of neurons whose weights are distributed alike may have a table each (Yvinec, Dapogny & Bailly 2023, JLCM).
"""

from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.pruning.changes import ChangeTask
from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.registry import PRUNERS
from analysis.registry import Range
from models import structures

_SAMPLED = 20_000  # weights of a table's group that its values are found from, where it has more
_STARTS: Any = 4  # of k-means, of which the best counts (a number, which scikit-learn's annotation forgets)
_ONE: Any = 1
_FEW = 16  # values: with more of them, one start does


@PRUNERS.register(
    "change",
    "codebook",
    label="Shared weights (k-means)",
    group="low rank and shared weights",
    amount="none",
    paper="Han, Mao & Dally 2016, section 3; Yvinec, Dapogny & Bailly 2023 (groups of neurons)",
    reads="With b bits a weight takes b / 32 of its room in the file. In memory and in time nothing changes: weights "
    "are looked up once, when the file is opened.",
    fails="At 2 bits most networks need training of the values, which tuning does not do: it lets go of the table.",
    differs="k-means alone: neither paper's training of the values. Zeros stay zeros where the base has some. Of large "
    "layers 20,000 weights, drawn by the seed, place the values; every weight then takes the nearest.",
    scope="layer",
    scopes=("layer",),
    granularities=("weight",),
)
def codebook(
    network: nn.Module,
    task: ChangeTask,
    *,
    bits: Annotated[int, Range(2, 8)] = 4,
    groups: Annotated[int, Range(1, 16)] = 1,
) -> tuple[nn.Module, dict[str, Any]]:
    """Round the weights of every layer to the values of a table.

    network (a copy) -> the same network with at most 2^bits values a group of neurons, and how its file keeps them.
    """
    classifier, books = task.classifier, {}
    layers = prunable(network, classifier.name)
    for place, (name, weight) in enumerate(weights_of(layers).items()):
        task.report(place / len(layers), f"Finding values for {name}")
        rows = weight.flatten(1).cpu().numpy()
        own = alike(rows, min(groups, len(rows)), task.recipe.seed)
        rounded = np.empty_like(rows)
        for group in range(own.max() + 1):
            rounded[own == group] = shared(rows[own == group], bits, task.recipe.seed)
        _fill(layers[name], torch.from_numpy(rounded))
        books[f"{name}.weight"] = {"bits": bits, "groups": own.tolist()}
    return network, {**structures.of(classifier, network), "codebooks": books}


def alike(rows: np.ndarray, groups: int, seed: int) -> np.ndarray:
    """(O, K) weights -> (O,) int64 group of each neuron, by the mean and deviation of its weights."""
    from sklearn.cluster import KMeans

    facts = np.stack([rows.mean(1), rows.std(1)], axis=1).astype(np.float64)
    groups = min(groups, len(np.unique(facts, axis=0)))
    if groups < 2:
        return np.zeros(len(rows), dtype=np.int64)
    found = KMeans(groups, n_init=_STARTS, random_state=seed).fit_predict(facts)
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def shared(weights: np.ndarray, bits: int, seed: int) -> np.ndarray:
    """Each weight -> the nearest of 2^bits values that k-means finds; zeros stay, and are one of them."""
    from sklearn.cluster import KMeans

    zeros = weights == 0
    others = weights[~zeros].astype(np.float64)
    count = 2**bits - int(zeros.any())
    values = np.unique(others)
    if len(values) > count:
        some = np.random.default_rng(seed).permutation(others)[:_SAMPLED]
        count = min(count, len(np.unique(some)))
        found = KMeans(count, n_init=_STARTS if count <= _FEW else _ONE, random_state=seed).fit(some[:, None])
        values = np.unique(found.cluster_centers_.astype(np.float32)).astype(np.float64)
    rounded = np.zeros_like(weights)
    if len(values):
        rounded[~zeros] = values[np.searchsorted((values[1:] + values[:-1]) / 2, others)]
    return rounded


def _fill(layer: nn.Module, rows: Tensor) -> None:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    with torch.no_grad():
        weight.copy_(rows.reshape(weight.shape))
