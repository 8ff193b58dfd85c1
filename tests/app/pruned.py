"""A workspace with two real variants of shapes-cnn, a few generated shapes, and what all three said of them."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from analysis.datasets.opened import OpenDataset
from analysis.pipelines import generating
from analysis.pipelines.predict import predict
from analysis.records import DatasetRecord
from analysis.store import Store
from analysis.types import silent
from models import cards, catalogue
from models.classifier import Classifier
from models.counting import profile
from models.variant import VariantRecipe

BASE = "shapes-cnn"
HALF, NINE = f"{BASE}-half", f"{BASE}-nine"
LEVELS = {HALF: 0.5, NINE: 0.9}
IMAGES = 24


def fill(workspace: Path, *, passes: bool = True) -> DatasetRecord:
    """Keep all of it: the smallest half, and nine of ten weights set to zero by one threshold."""
    base = catalogue.load(BASE)
    for name, sparsity in LEVELS.items():
        _variant(workspace / "models", base, name, sparsity)
    with Store.open(workspace) as store:
        asked = {"kind": "shapes", "name": "few shapes", "params": {"count": IMAGES, "seed": 5}}
        made = generating.compute(asked | {"workspace": str(workspace)}, silent)
        generating.finish(store, workspace, asked, made)
        dataset = OpenDataset.open(workspace / "datasets" / made["dataset_id"])
        for name in (BASE, *LEVELS) if passes else ():
            predict(catalogue.load(name, imported=workspace / "models"), dataset, store, workspace)
        return store.dataset(made["dataset_id"])


def _variant(folder: Path, base: Classifier, name: str, sparsity: float) -> None:
    pruned = catalogue.load(BASE)
    layers = [m for m in pruned.module.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    every = torch.cat([layer.weight.abs().flatten() for layer in layers])
    threshold = every.kthvalue(round(sparsity * len(every))).values
    with torch.no_grad():
        for layer in layers:
            layer.weight[layer.weight.abs() <= threshold] = 0
    made = catalogue.wrap(
        pruned.module, name=name, architecture=base.architecture, preprocessing=base.preprocessing,
        class_names=base.class_names,
    )  # fmt: skip
    card = catalogue.card(BASE)
    assert card is not None
    recipe = VariantRecipe(BASE, base.fingerprint, "global_magnitude", sparsity, levels=(sparsity,))
    said = {"shapes": {"accuracy": 1 - sparsity / 2, "ece": sparsity / 10, "agreement": 1 - sparsity / 3}}
    own = replace(
        card, name=name, accuracy={}, digest="", model_id=made.fingerprint, parent=BASE, parent_id=base.fingerprint,
        variant=recipe.to_json(), profile=profile(made).to_json(), measures=said,
    )  # fmt: skip
    cards.store(own, pruned.module.state_dict(), folder)
