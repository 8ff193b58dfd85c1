import pytest
import torch
from torch import Tensor

from analysis.attribution import METHODS
from analysis.attribution.methods.attention_rollout import attention_rollout
from tests.analysis.attribution.test_attention import IMAGES, by_hand, timm_vit


def rows(*values: float) -> Tensor:
    """One image, one head."""
    side = int(len(values) ** 0.5)
    return torch.tensor(values, dtype=torch.float32).view(1, 1, side, side)


def test_equals_the_product_of_attention_and_identity_in_a_vit() -> None:
    network = timm_vit()
    tokens = network._pos_embed(network.patch_embed(IMAGES))
    attentions, product = [], torch.eye(5, dtype=torch.float64)
    for block in network.blocks:
        attentions.append(by_hand(block, tokens).detach())
        product = (0.5 * attentions[-1].double().mean(1) + 0.5 * torch.eye(5)) @ product
        tokens = block(tokens)
    found = attention_rollout(attentions, 1, (2, 2))
    assert found.shape == (2, 2, 2)
    torch.testing.assert_close(found.double(), product[:, 0, 1:].view(2, 2, 2), rtol=1e-5, atol=1e-7)


def test_one_layer_by_hand() -> None:
    attention = rows(0.2, 0.6, 0.2, 0, 1, 0, 0, 0, 1)
    torch.testing.assert_close(attention_rollout([attention], 1, (1, 2)), torch.tensor([[[0.3, 0.1]]]))


def test_later_layers_stand_on_the_left() -> None:
    first, last = rows(1, 0, 0, 0, 0, 1, 0, 0, 1), rows(0, 1, 0, 0, 1, 0, 0, 0, 1)
    # The class token takes half of token 1, which itself is half token 2: (A_2 A_1)[0] = (1/2, 1/4, 1/4).
    torch.testing.assert_close(attention_rollout([first, last], 1, (1, 2)), torch.tensor([[[0.25, 0.25]]]))


def test_without_a_prefix_all_queries_are_averaged() -> None:
    attention = rows(1, 0, 1, 0)
    torch.testing.assert_close(attention_rollout([attention], 0, (1, 2)), torch.tensor([[[0.75, 0.25]]]))


@pytest.mark.parametrize(("heads", "expected"), [("mean", 0.25), ("max", 0.8 / 2.6), ("min", 0.2 / 1.4)])
def test_heads_are_joined_before_rows_are_made_to_add_up_to_one(heads: str, expected: float) -> None:
    attention = torch.tensor([[[[0.2, 0.8], [0.5, 0.5]], [[0.8, 0.2], [0.5, 0.5]]]])
    found = attention_rollout([attention], 1, (1, 1), heads=heads)
    torch.testing.assert_close(float(found), expected)


def test_the_weakest_attention_can_be_dropped() -> None:
    attention = rows(0.1, 0.6, 0.3, 0.3, 0.35, 0.35, 0.3, 0.35, 0.35)
    found = attention_rollout([attention], 1, (1, 2), discard=0.25)  # two of nine: 0.1 and one 0.3 of a row
    assert float(found[0, 0, 0]) >= 0.6 / 1.9 - 1e-6


def test_it_is_marked_as_blind_to_the_class() -> None:
    assert METHODS["attention_rollout"].class_agnostic
