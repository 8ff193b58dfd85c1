"""Generated datasets into a workspace: the job kind "generate".

arguments: kind ("shapes", "blockdigits", "digits"), name, params (the generator's knobs, the others at their defaults).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.types import Report

if TYPE_CHECKING:
    from analysis.store.store import Store

DATASETS = "datasets"


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Write the dataset under `<workspace>/datasets` -> {"dataset_id": ...}. Knows no store; runs in any process."""
    from analysis.datasets.generated import generate

    folder = Path(arguments["workspace"]) / DATASETS
    record = generate(arguments["kind"], folder, arguments["name"], arguments.get("params") or {}, report)
    return {"dataset_id": record.dataset_id}


def finish(store: "Store", workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take the dataset into the store, as an imported one -> what `compute` said."""
    from analysis.pipelines import importing

    return importing.finish(store, workspace, arguments, result)
