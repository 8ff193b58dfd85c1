import pytest
import torch
from captum.attr import IntegratedGradients

from analysis.attribution.baselines import baseline_like
from analysis.attribution.methods.integrated_gradients import integrated_gradients
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


@pytest.mark.parametrize("rule", ["gausslegendre", "riemann_middle"])
@pytest.mark.parametrize("baseline", ["mean", "black", "white", "blurred"])
def test_equals_captum_called_directly(rule: str, baseline: str) -> None:
    network, images = small_network(), some_images()
    start = baseline_like(images, LIMITS, baseline)
    tool = IntegratedGradients(network)
    expected = tool.attribute(images.requires_grad_(), start, target=2, n_steps=40, method=rule).sum(1)
    found, _ = integrated_gradients(
        network, images.detach(), one_hot(2, 2), LIMITS, steps=40, baseline=baseline, rule=rule
    )
    torch.testing.assert_close(found.double(), expected.detach().double(), rtol=1e-5, atol=1e-6)


def test_the_map_adds_up_to_the_score_difference_and_says_how_nearly() -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    maps, remarks = integrated_gradients(network, images, weights, LIMITS, steps=200)
    difference = ((network(images) - network(images * 0)) * weights).sum(1)
    torch.testing.assert_close(maps.sum((1, 2)), difference, rtol=0.02, atol=1e-4)
    assert all("misses the score difference of" in r and r.endswith("baseline: mean colour") for r in remarks)


def test_few_steps_say_a_larger_error() -> None:
    network, images, weights = small_network(), some_images(1), one_hot(1)
    found, (remark,) = integrated_gradients(network, images, weights, LIMITS, steps=1, baseline="black")
    black = baseline_like(images, LIMITS, "black")
    difference = float(((network(images) - network(black)) * weights).sum().detach())
    assert f"of {difference:.3g} by {abs(float(found.sum()) - difference) / abs(difference):.1%}" in remark


def test_an_image_that_is_its_baseline_says_so() -> None:
    _, (remark,) = integrated_gradients(small_network(), torch.zeros(1, 3, 8, 8), one_hot(0), LIMITS, steps=2)
    assert remark.startswith("the score does not differ from the baseline's")
