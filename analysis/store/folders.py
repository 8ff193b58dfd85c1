"""Folders of datasets, passes and embeddings: one a row, named by its id. A pass has a second one, of its geometry."""

import shutil
import uuid
from pathlib import Path

HELD = {"dataset": "datasets", "pass": "passes", "embedding": "embeddings"}
"""Table -> the workspace's folder that holds one folder a row."""

GEOMETRY = "geometry"
"""The workspace's folder with one folder for each pass that was measured."""


def remove(folder: Path) -> bool:
    """Remove a folder and all that is in it, as one step for whoever looks; whether it was there."""
    aside = folder.with_name(f".{uuid.uuid4().hex}.part")
    try:
        folder.replace(aside)
    except FileNotFoundError:
        return False
    shutil.rmtree(aside, ignore_errors=True)  # what is left is stale, and goes at the next compacting
    return True


def remove_pass(workspace: Path, pass_id: str) -> None:
    """Remove the parts and features of a pass, and what was measured of them."""
    for name in (HELD["pass"], GEOMETRY):
        remove(workspace / name / pass_id)


def newest(folder: Path) -> float:
    """When anything in a folder was last written, as epoch seconds."""
    latest = 0.0
    for path in (folder, *folder.rglob("*")):
        try:
            latest = max(latest, path.stat().st_mtime)
        except FileNotFoundError:  # renamed meanwhile, so it is at work
            return float("inf")
    return latest
