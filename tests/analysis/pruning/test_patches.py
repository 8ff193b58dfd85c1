"""Whatever a convolution's form, its weight times its patches is its output."""

import pytest
import torch
from timm.layers import Conv2dSame
from torch import Tensor, nn

from analysis.pruning.layers import weight_of
from analysis.pruning.patches import energies, flattened, patches

LAYERS = {
    "plain": (nn.Conv2d(4, 6, 3), (4, 9, 7)),
    "one by one, stride": (nn.Conv2d(4, 6, 1, stride=2), (4, 9, 7)),
    "dilation, uneven": (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 0), dilation=(1, 3)), (4, 9, 7)),
    "groups": (nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 9, 7)),
    "depthwise": (nn.Conv2d(4, 8, 3, padding=1, groups=4), (4, 9, 7)),
    "same": (nn.Conv2d(4, 6, (4, 3), padding="same", dilation=(1, 2)), (4, 9, 7)),
    "valid": (nn.Conv2d(4, 6, 3, padding="valid"), (4, 9, 7)),
    "reflect": (nn.Conv2d(4, 6, 3, padding=(2, 1), padding_mode="reflect"), (4, 9, 7)),
    "circular": (nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular", stride=2), (4, 9, 7)),
    "as TensorFlow pads": (Conv2dSame(4, 6, 3, stride=2), (4, 10, 7)),
    "one axis": (nn.Conv1d(4, 6, 3, padding=2, stride=2), (4, 9)),
    "three axes": (nn.Conv3d(2, 3, (2, 3, 1), padding=(1, 0, 0)), (2, 4, 5, 3)),
    "linear": (nn.Linear(7, 5), (7,)),
    "linear on tokens": (nn.Linear(7, 5), (3, 7)),
    "linear on channels last": (nn.Linear(7, 5), (3, 4, 7)),
}


def made(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    layer, shape = LAYERS[name]
    torch.manual_seed(0)
    given = torch.randn(3, *shape, dtype=torch.float64)
    layer = layer.double().requires_grad_(False)
    assert isinstance(layer.bias, Tensor)
    layer.bias.zero_()
    return layer, given, layer(given)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # a word about speed
@pytest.mark.parametrize("name", LAYERS)
def test_weights_times_patches_are_the_output(name: str) -> None:
    layer, given, output = made(name)
    columns = patches(layer, given, output)
    weight = weight_of(layer)
    groups = columns.shape[1]
    matrix = weight.reshape(groups, len(weight) // groups, -1)
    torch.testing.assert_close(matrix @ columns, flattened(layer, output))


@pytest.mark.parametrize("name", LAYERS)
def test_energies_are_those_of_the_patches(name: str) -> None:
    layer, given, output = made(name)
    weight = weight_of(layer)
    squares = patches(layer, given, output).square().sum((0, 3))  # (G, K)
    expected = squares.repeat_interleave(len(weight) // len(squares), dim=0).reshape(weight.shape)
    torch.testing.assert_close(energies(layer, given, output), expected)
