"""Motion blur: the image is smeared along one direction (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.streaks import streaked


@CORRUPTIONS.register(
    "motion_blur",
    label="Motion blur",
    group="blur",
    paper="Hendrycks & Dietterich 2019",
    reads="A camera that moved: edges along the motion stay, those across it go.",
    fails="One-sided, so objects also move by a pixel or two; at 32 pixels the third severity and the fourth differ "
    "only in how far weights of nearly nothing reach, so the curve is not monotone.",
    differs="Computed from ImageMagick's definition of motionblur, which the published sets used, and not by it.",
    levels={
        "cifar": ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)),
        "tiny": ((10, 1.0), (10, 1.5), (10, 2.0), (10, 2.5), (12, 3.0)),
        "imagenet": ((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0)),
    },
    benchmark=True,
    random=True,
)
def motion_blur(images: Tensor, level: tuple[float, float], draws: Draws) -> Tensor:
    """Smear each image at an angle from -45 to 45 degrees.

    images (n, C, H, W), level: radius and sigma of the kernel in pixels -> images of the same shape.
    """
    radius, sigma = level
    return streaked(images, radius, sigma, draws.uniform().double() * 90 - 45)
