"""BatchNorm's statistics taken anew: after pruning they are those of a network that is no more."""

import torch
from torch import nn

from analysis.pruning.examples import Examples
from analysis.pruning.layers import BATCH_NORMS
from analysis.types import Report, silent
from models.preprocessing import Preprocessing

_AT_ONCE = 128


def recalibrate(
    network: nn.Module, examples: Examples, preprocessing: Preprocessing, *, report: Report = silent
) -> bool:
    """Set every BatchNorm's mean and variance to those of its inputs over the examples; in place.

    Each batch counts alike (cumulative average, torch's momentum None). The network is left in eval mode. False where
    there is no BatchNorm that keeps statistics.
    """
    norms = [m for m in network.modules() if isinstance(m, BATCH_NORMS) and m.track_running_stats]
    if not norms:
        return False
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    done = 0
    try:
        with torch.inference_mode():
            for batch, _ in examples.batches(_AT_ONCE, preprocessing, device):
                report(done / len(examples), "taking BatchNorm's statistics anew")
                network(batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch)
                done += len(batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        network.eval()
    return True
