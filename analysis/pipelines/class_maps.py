"""What each place of a picture would be called by itself."""

from collections.abc import Sequence

import numpy as np

from analysis.attribution.class_maps import class_maps
from analysis.attribution.kept import KeptPasses
from analysis.attribution.methods.cam import needs_pooled_head
from analysis.errors import NotApplicable
from analysis.pipelines.passing import shared_pass
from analysis.types import ClassMaps, Picture
from models.classifier import Classifier


def map_classes(
    classifier: Classifier, pictures: Sequence[Picture], *, kept: KeptPasses | None = None
) -> list[ClassMaps]:
    """The logits of all classes at every place, from the pass that explaining these pictures shares.

    Raises NotApplicable with the reason where the head is not linear after average pooling.
    """
    if reason := needs_pooled_head(classifier, None):
        raise NotApplicable(reason)
    head = classifier.head
    tap = classifier.tap(head.pooled_tap if head else None)
    with classifier.exclusive() as module:
        device = next(module.parameters()).device
        images = classifier.preprocessing.tensor([p.pixels for p in pictures]).to(device)
        kept = KeptPasses() if kept is None else kept
        taken = shared_pass(classifier, module, pictures, images, [tap], lambda _: [], kept)
        maps = class_maps(taken.activations[tap.name], head) if head else taken.logits
    values = maps.cpu().numpy().astype(np.float32)
    return [
        ClassMaps(v, classifier.class_names, tap.name, p.digest, classifier.fingerprint)
        for v, p in zip(values, pictures, strict=True)
    ]
