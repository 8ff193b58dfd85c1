import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from analysis.attribution.attention import readable_attention, recording
from models.classifier import Tap
from tests.analysis.attribution.specimens import assert_same_state, classifier_of, state_of

TOKENS = {"tap": Tap("blocks.0", "tokens", 192, (2, 2), 1, (16, 16))}
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def timm_vit(name: str = "vit_tiny_patch16_224", **more: object) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, img_size=32, num_classes=4, **more).eval()


def torchvision_vit() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.VisionTransformer(32, 16, 2, 3, 24, 48, num_classes=4).eval()


def by_hand(block: nn.Module, tokens: Tensor) -> Tensor:
    """softmax(q k' / sqrt(d)) of a timm block from its weights alone."""
    attention, normed = block.attn, block.norm1(tokens)
    query, key, _ = (normed @ attention.qkv.weight.T + attention.qkv.bias).chunk(3, dim=-1)
    query, key = (x.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2) for x in (query, key))
    return (query @ key.transpose(-1, -2) / attention.head_dim**0.5).softmax(-1)


def test_timm_matrices_are_the_softmax_of_queries_and_keys() -> None:
    network, expected = timm_vit(), []
    tokens = network._pos_embed(network.patch_embed(IMAGES))
    for block in network.blocks:
        expected.append(by_hand(block, tokens))
        tokens = block(tokens)
    with torch.no_grad(), recording(network) as found:
        network(IMAGES)
    assert len(found) == 12
    torch.testing.assert_close(torch.stack(found), torch.stack(expected).detach(), rtol=1e-4, atol=1e-6)


def test_torchvision_matrices_are_the_softmax_of_queries_and_keys() -> None:
    network, normed = torchvision_vit(), []
    handles = [layer.ln_1.register_forward_hook(lambda *a: normed.append(a[2])) for layer in network.encoder.layers]
    with torch.no_grad(), recording(network) as found:
        network(IMAGES)
    for handle in handles:
        handle.remove()
    assert [tuple(f.shape) for f in found] == [(2, 3, 5, 5)] * 2
    attention = network.encoder.layers[1].self_attention
    query, key, _ = (normed[1] @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, dim=-1)
    query, key = (x.unflatten(-1, (3, 8)).transpose(1, 2) for x in (query, key))
    expected = (query @ key.transpose(-1, -2) / 8**0.5).softmax(-1)
    torch.testing.assert_close(found[1], expected.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("make", [timm_vit, torchvision_vit])
def test_the_network_is_left_as_it_came(make) -> None:
    network = make()
    before = state_of(network)
    fused = [m.fused_attn for m in network.modules() if hasattr(m, "fused_attn")]
    with torch.no_grad():
        expected = network(IMAGES)
        with recording(network):
            torch.testing.assert_close(network(IMAGES), expected, rtol=1e-4, atol=1e-5)
        with pytest.raises(RuntimeError), recording(network):
            network(IMAGES[:, :2])
        assert torch.equal(network(IMAGES), expected)
    assert_same_state(network, before)
    assert fused == [m.fused_attn for m in network.modules() if hasattr(m, "fused_attn")]


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("deit_tiny_distilled_patch16_224", 2),
        ("vit_small_patch14_reg4_dinov2", 5),
        ("eva02_tiny_patch14_224", 1),
        ("vit_base_patch16_siglip_224", 0),
    ],
)
def test_families_of_transformers(name: str, prefix: int) -> None:
    side = 14 if "14" in name else 16
    network = timm.create_model(name, img_size=2 * side, num_classes=4, depth=2).eval()
    with torch.no_grad(), recording(network) as found:
        network(torch.zeros(1, 3, 2 * side, 2 * side))
    square = [f for f in found if f.shape[-1] == f.shape[-2]]
    assert [f.shape[-1] for f in square] == [prefix + 4] * 2
    torch.testing.assert_close(square[0].sum(-1), torch.ones(square[0].shape[:-1]))
    tap = Tap("blocks.0", "tokens", 192, (2, 2), prefix, (side, side))
    classifier = classifier_of(network, (2 * side, 2 * side), taps={"blocks.0": tap})
    assert readable_attention(classifier, None) is None


def test_it_says_before_it_runs_which_networks_it_cannot_serve() -> None:
    assert readable_attention(classifier_of(timm_vit(), taps=TOKENS), None) is None
    assert readable_attention(classifier_of(torchvision_vit(), taps=TOKENS), None) is None
    cnn = classifier_of(torchvision.models.resnet18(num_classes=4))
    assert "no attention" in readable_attention(cnn, None)
    swin = timm.create_model("swin_tiny_patch4_window7_224", img_size=64, num_classes=4, depths=(1, 1, 1, 1))
    assert "cannot be followed" in readable_attention(classifier_of(swin, (64, 64)), None)
    assert "not the places" in readable_attention(classifier_of(timm_vit()), None)
