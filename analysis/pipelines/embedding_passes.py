"""The pass whose features an embedding lays out, run where it is lacking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.errors import DataError
from analysis.passes.files import write_whole
from analysis.pipelines import predict
from analysis.types import Report

_RUN = "run.json"


def run_pass(workspace: Path, dataset_id: str, subject: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run a subject's pass with its tap, or go on with it -> what `predict.finish` takes.

    subject: model, tap, condition, pass_id and class_map, as `asked` gives them. It is left in the pass's folder too,
    for the case that the work ends before the store has taken the pass.
    """
    arguments = {
        "workspace": str(workspace),
        "model": subject["model"],
        "dataset": dataset_id,
        "taps": [subject["tap"]],
        "condition": subject["condition"],
        "class_map": subject.get("class_map"),
    }
    run = predict.compute(arguments, report)
    if run["record"]["pass_id"] != subject["pass_id"]:
        raise DataError(
            f"{subject['model']} or the classes of the dataset are not what they were when this was asked, or its "
            "features were removed. Ask for the embedding again."
        )

    def write(path: Path) -> None:
        path.write_text(json.dumps(run), encoding="utf-8")

    write_whole(workspace / predict.PASSES / subject["pass_id"] / _RUN, write)
    return run


def run_of(workspace: Path, pass_id: str) -> dict[str, Any] | None:
    """What `run_pass` has left; None where another kind of work has run the pass."""
    try:
        return json.loads((workspace / predict.PASSES / pass_id / _RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
