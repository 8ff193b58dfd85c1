"""Over many architectures: the default tap is a map of the image, the right way round.

Random weights, small inputs. One corner of the image is changed; the quarter of the activation at
that corner must change most, for all four corners, and on images that are not square where the
network takes them, so that a transposed map is caught.
"""

import pytest
import torch
from torch import Tensor, nn

from models.architectures.registry import build
from models.preprocessing import Preprocessing
from models.taps import to_nchw, trace

FAMILIES = [
    # architecture, rows and columns, default tap, layout, prefix tokens
    ("resnet20_cifar", (48, 32), "layer3", "nchw", 0),
    ("timm/resnet18", (160, 96), "layer4", "nchw", 0),
    ("timm/resnext26ts", (160, 96), "stages", "nchw", 0),
    ("timm/vgg11_bn", (96, 64), "features", "nchw", 0),
    ("timm/densenet121", (128, 96), "features", "nchw", 0),
    ("timm/mobilenetv3_small_050", (160, 96), "blocks", "nchw", 0),
    ("timm/efficientnet_lite0", (256, 160), "bn2", "nchw", 0),
    ("timm/ghostnet_050", (160, 96), "blocks", "nchw", 0),
    ("timm/regnetx_002", (160, 96), "s4", "nchw", 0),
    ("timm/convnext_atto", (160, 96), "stages", "nchw", 0),
    ("torchvision/googlenet", (160, 96), "inception5b", "nchw", 0),
    ("timm/hrnet_w18_small", (160, 96), "final_layer", "nchw", 0),
    ("timm/poolformer_s12", (160, 96), "stages", "nchw", 0),
    ("timm/edgenext_xx_small", (160, 96), "stages", "nchw", 0),
    ("timm/mobilevit_xxs", (128, 128), "final_conv", "nchw", 0),
    ("timm/pvt_v2_b0", (160, 96), "stages", "nchw", 0),
    ("timm/coatnet_nano_rw_224", (224, 224), "norm", "nchw", 0),
    ("timm/maxvit_rmlp_pico_rw_256", (128, 128), "norm", "nchw", 0),
    ("timm/gcvit_xxtiny", (224, 224), "stages", "nchw", 0),
    ("timm/mambaout_femto", (160, 96), "stages", "nhwc", 0),
    ("timm/swin_tiny_patch4_window7_224", (224, 112), "norm", "nhwc", 0),
    ("timm/swinv2_cr_tiny_ns_224", (224, 224), "stages", "nchw", 0),
    ("timm/focalnet_tiny_srf", (128, 96), "norm", "nchw", 0),
    ("timm/vit_tiny_patch16_224", (160, 96), "blocks.11.norm1", "tokens", 1),
    ("timm/deit_tiny_distilled_patch16_224", (160, 96), "blocks.11.norm1", "tokens", 2),
    ("timm/vit_small_patch14_reg4_dinov2", (140, 84), "blocks.11.norm1", "tokens", 5),
    ("timm/eva02_tiny_patch14_224", (140, 84), "blocks.11", "tokens", 1),
    ("timm/vit_relpos_small_patch16_224", (160, 96), "blocks.11", "tokens", 0),
    ("timm/convit_tiny", (160, 160), "blocks.11.norm1", "tokens", 1),
    ("timm/cait_xxs24_224", (160, 160), "blocks_token_only.1.norm1", "tokens", 1),
    ("timm/xcit_nano_12_p16_224", (160, 96), "cls_attn_blocks.1.norm1", "tokens", 1),
    ("timm/crossvit_tiny_240", (240, 240), "blocks.2.fusion.1.norm1", "tokens", 1),
    ("timm/mvitv2_tiny", (224, 224), "norm", "tokens", 0),
    ("timm/twins_svt_small", (160, 96), "norm", "tokens", 0),
    ("timm/hiera_tiny_224", (224, 224), "blocks.11", "tokens", 0),
    ("timm/mixer_s32_224", (160, 96), "norm", "tokens", 0),
    ("timm/resmlp_12_224", (160, 96), "norm", "tokens", 0),
    ("timm/naflexvit_base_patch16_gap", (96, 64), "blocks.11", "tokens", 4),
    ("torchvision/squeezenet1_0", (160, 96), "features", "nchw", 0),
    ("torchvision/mobilenet_v2", (160, 96), "features", "nchw", 0),
    ("torchvision/vit_b_16", (96, 96), "encoder.layers.encoder_layer_11.ln_1", "tokens", 1),
    ("torchvision/swin_t", (128, 96), "norm", "nhwc", 0),
]
CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(("name", "size", "default", "layout", "prefix"), FAMILIES, ids=[f[0] for f in FAMILIES])
@pytest.mark.filterwarnings("ignore")  # the libraries' own, about their own code
def test_a_corner_of_the_image_is_that_corner_of_the_map(name, size, default, layout, prefix):
    torch.manual_seed(0)
    network = awake(build(name, 10, image_size=size)).train()
    found = trace(network, Preprocessing(size, size[0]))
    assert all(m.training for m in network.modules())
    assert found.default_tap == default
    tap = found.taps[default]
    assert (tap.layout, tap.prefix) == (layout, prefix)
    assert tap.stride == (size[0] / tap.grid[0], size[1] / tap.grid[1])
    assert list(moved_quarters(network.eval(), tap, size)) == CORNERS


def awake(network: nn.Module) -> nn.Module:
    """With residual branches that count: many start with a last normalisation of zero."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm) and module.weight is not None:
            nn.init.ones_(module.weight)
    return network


def moved_quarters(network: nn.Module, tap, size):
    """For each corner of the image that is changed, the quarter of the map that moved most."""
    rows, columns = size[0] // 4, size[1] // 4
    images = torch.randn(2, 3, *size)
    before = activation(network, tap, images)
    for down, right in CORNERS:
        changed = images.clone()
        corner = changed[:, :, size[0] - rows if down else 0 :, size[1] - columns if right else 0 :]
        corner[:, :, :rows, :columns] = 3 * torch.randn(2, 3, rows, columns)
        moved = (activation(network, tap, changed) - before).square().mean(dim=(0, 1))
        assert moved.shape == tap.grid
        height, width = -(-tap.grid[0] // 2), -(-tap.grid[1] // 2)
        quarters = {
            (r, c): float(moved[(-height if r else 0) :, (-width if c else 0) :][:height, :width].sum())
            for r, c in CORNERS
        }
        yield max(quarters, key=lambda q: quarters[q])


@torch.no_grad()
def activation(network: nn.Module, tap, images: Tensor) -> Tensor:
    kept: list[Tensor] = []
    handle = network.get_submodule(tap.name).register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
    network(images)
    handle.remove()
    return to_nchw(kept[-1], tap)
