"""Small sweeps: noisy handwritten digits of 8 x 8 pixels, the bundled network for them and variants of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from analysis.datasets.generated.digits import source
from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.store import Store
from analysis.types import Report, silent
from models import cards, catalogue
from models.classifier import Classifier

DIGITS = tuple("0123456789")
COUNT = 200


def digits(count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """(N, 8, 8, 1) uint8 with noise, so that networks err at times, and labels (N,)."""
    images, labels = source()
    noise = np.random.default_rng(0).normal(0, 50, (count, 8, 8))
    return np.clip(images[:count] + noise, 0, 255).astype(np.uint8)[..., None], labels[:count]


def dataset(workspace: Path, count: int = COUNT, store: Store | None = None, **options) -> str:
    """Its id."""
    images, labels = digits(count)
    workspace.mkdir(parents=True, exist_ok=True)
    file = workspace / f"digits{count}.npz"
    np.savez(file, x=images, y=options.pop("labels", labels))
    return imported(workspace, file, store, **{"class_names": DIGITS} | options)


def imported(workspace: Path, file: Path, store: Store | None = None, **options) -> str:
    record = import_dataset(file, workspace / "datasets", file.stem, **options)
    if store is not None:
        store.save_dataset(record, workspace / "datasets" / record.dataset_id / SAMPLES)
    return record.dataset_id


def pruned(share: float) -> Classifier:
    """The bundled network without its smallest weights."""
    found = catalogue.load("digits-cnn")
    with torch.no_grad():
        for module in found.module.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                cut = module.weight.abs().flatten().kthvalue(max(1, int(share * module.weight.numel()))).values
                module.weight[module.weight.abs() <= cut] = 0
    return found


def keep(workspace: Path, name: str, share: float = 0.5, **changes: float) -> str:
    """A variant's card and weights in the workspace -> its name. changes: weights by name, filled with a number."""
    found, own = pruned(share), catalogue.card("digits-cnn")
    assert own is not None
    state = found.module.state_dict()
    for key, value in changes.items():
        state[key.replace("__", ".")].fill_(value)
    found.module.load_state_dict(state)
    wrapped = catalogue.wrap(
        found.module,
        architecture=found.architecture,
        preprocessing=found.preprocessing,
        class_names=found.class_names,
    )
    made = replace(own, name=name, model_id=wrapped.fingerprint, parent="digits-cnn", profile=None, accuracy={})
    cards.store(made, state, workspace / "models")
    return name


def swept(workspace: Path, arguments: dict, report: Report = silent) -> dict:
    """What `compute` says, in this process."""
    from analysis.pipelines import sweep

    return sweep.compute({**arguments, "workspace": str(workspace)}, report)


def cells(workspace: Path) -> dict[str, bytes]:
    """All cells' files by name, without what a kill left half written."""
    return {p.name: p.read_bytes() for p in workspace.glob("cells/*/*") if p.suffix != ".part"}
