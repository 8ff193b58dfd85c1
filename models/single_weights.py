"""The weights of one layer out of a model's file, without reading the rest of it or building the network."""

import json
from pathlib import Path

import numpy as np

from models import cards, sparse_files
from models.catalogue import ASSETS
from models.errors import UnreadableCheckpoint


def layer_weights(name: str, layer: str, imported: Path | None = None) -> np.ndarray | None:
    """The weight of a layer of a bundled or imported model, in its shape, float32.

    None where the model or such a layer is not there, or its weights are no floating-point numbers.
    """
    from safetensors import SafetensorError, safe_open

    known = {**(cards.cards(imported) if imported else {}), **cards.cards(ASSETS / "models")}
    if name not in known:
        return None
    path, key = cards.weights_of(known[name]), f"{layer}.weight"
    try:
        with safe_open(path, framework="pt") as file:
            there = set(file.keys())
            wanted = [k for k in (key, key + sparse_files.BITS, key + sparse_files.VALUES) if k in there]
            tensors = {k: file.get_tensor(k) for k in wanted}
            shapes = json.loads((file.metadata() or {}).get(sparse_files.SHAPES, "{}"))
            own = {sparse_files.SHAPES: json.dumps({key: shapes[key]})} if key in shapes else {}
            found = sparse_files.unpacked(tensors, own).get(key)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableCheckpoint(f"{path.name} is no safetensors file, or only part of one.") from error
    return found.float().numpy() if found is not None and found.is_floating_point() else None
