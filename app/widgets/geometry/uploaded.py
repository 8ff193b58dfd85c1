"""Pictures of the user's own in the geometry of a network's features: placed one by one, by jobs.

The pictures are those of the Embeddings page: what was uploaded on one page is there on the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.store import digest
from analysis.types import Picture, Report
from app import resources
from app.widgets.geometry import features_here
from app.widgets.geometry.features_here import Result
from app.widgets.geometry.spot import Spot

if TYPE_CHECKING:
    from models.classifier import Classifier


def key_of(spot: Spot, picture: Picture) -> str:
    return digest(family="geometry placing", of=spot.record.pass_id, tap=spot.tap, picture=picture.digest)


def outcome(spot: Spot, classifier: Classifier, picture: Picture) -> Result:
    """Where it lies, as far as that is known; asks for what is lacking and shows its progress here."""
    store, workspace = resources.store(), resources.settings().workspace

    def make(report: Report) -> Any:
        from analysis.pipelines.geometry_placing import placed

        return placed(store, workspace, spot.record, classifier, picture, tap=spot.tap)

    return features_here.made(key_of(spot, picture), f"Placing {picture.name} by {spot.network.name}", make)
