"""How large a network is: parameters, layers, multiply-accumulates."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.classifier import Classifier
from models.counting import LAYERS, parameters


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one network at its own input size."""

    parameters: int
    size_bytes: int  # of the parameters and buffers in memory
    layers: int  # convolutions and linear maps, in the order of execution or not
    macs: int  # multiply-accumulates of one image: half of its FLOPs


def facts(classifier: Classifier) -> Facts:
    """Count one forward pass of one image.

    Multiply-accumulates are those of convolutions, matrix products and attention, as torch's own counter sees them;
    it counts FLOPs, two for each. Element-wise work (activations, normalisation, pooling) is not in it.
    """
    with classifier.exclusive() as module:
        tensors = [*module.parameters(), *module.buffers()]
        shape = (1, classifier.preprocessing.channels, *classifier.preprocessing.size)
        image = torch.zeros(shape, device=tensors[0].device if tensors else "cpu")
        counter = FlopCounterMode(display=False)
        with torch.enable_grad(), counter:
            module(image.requires_grad_())  # without a gradient, torch's attention takes a path that is not counted
        return Facts(
            parameters=sum(p.numel() for p in parameters(module)),
            size_bytes=sum(t.numel() * t.element_size() for t in tensors),
            layers=sum(isinstance(m, (*LAYERS, nn.ConvTranspose2d)) for m in module.modules()),
            macs=counter.get_total_flops() // 2,
        )
