"""One digest for what a network computes: architecture, weights, preprocessing."""

import hashlib
import json

import torch
from torch import nn

from models.preprocessing import Preprocessing


def fingerprint(architecture: str, module: nn.Module, preprocessing: Preprocessing) -> str:
    """sha256 hex; equal for equal weights whatever the device, file or name.

    BatchNorm's count of batches is left out: it does not change what the network computes, and
    some files lack it.
    """
    digest = hashlib.sha256(architecture.encode())
    for name, tensor in sorted(module.state_dict().items()):
        if isinstance(tensor, torch.Tensor) and not name.endswith("num_batches_tracked"):
            digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().data)
    digest.update(json.dumps(preprocessing.to_json(), sort_keys=True).encode())
    return digest.hexdigest()
