import torch
from captum.attr import GuidedGradCam

from analysis.attribution import METHODS
from analysis.attribution.methods.guided_backprop import guided_backprop
from analysis.attribution.methods.guided_gradcam import guided_gradcam
from models.classifier import Tap
from tests.analysis.attribution.specimens import LIMITS, classifier_of, one_hot, small_network, some_images

CONV = 5
APPLIES = METHODS["guided_gradcam"].applies


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images()
    found = guided_gradcam(network, network[CONV], images, one_hot(2, 2))
    tool = GuidedGradCam(network, network[CONV])
    expected = _without_notice(lambda: tool.attribute(images.requires_grad_(), target=2, interpolate_mode="bilinear"))
    torch.testing.assert_close(found, expected.detach().abs().amax(1), rtol=0, atol=1e-7)


def test_it_is_the_guided_gradient_within_gradcam() -> None:
    network, images, weights = small_network(), some_images(), one_hot(2, 1)
    activations = network[: CONV + 1](images).detach().requires_grad_()
    (gradients,) = torch.autograd.grad((network[CONV + 1 :](activations) * weights).sum(), activations)
    cam = (gradients.mean((2, 3), keepdim=True) * activations).sum(1, keepdim=True).relu()
    large = torch.nn.functional.interpolate(cam, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    expected = guided_backprop(network, images, weights, LIMITS) * large
    found = guided_gradcam(network, network[CONV], images, weights)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-5, atol=1e-7)


def test_it_needs_a_map_of_channels_rows_and_columns() -> None:
    classifier = classifier_of(small_network())
    assert APPLIES(classifier, Tap("5", "nchw", 8, (8, 6), 0, (2, 2))) is None
    assert "is not a map" in APPLIES(classifier, Tap("x", "tokens", 8, (8, 6), 1, (2, 2)))


def _without_notice(call):  # captum's own notice about hooks
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()
