"""A dataset from outside into a workspace: the job kind "import".

arguments: source (a path, or "torchvision:CIFAR10"), name, and as they are in `import_dataset`: kind, label_column,
image_column, masks, boxes, labels (paths), class_names (a list), split. Of a file that came by upload: uploaded (true)
and called (what the user calls it); such files lie in `<workspace>/incoming` and are removed once they
are imported; a note of what became of them stays for three days, for a job that is resumed after that.
"""

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import DataError
from analysis.types import Report
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.store.store import Store

DATASETS, INCOMING, DOWNLOADS = "datasets", "incoming", "downloads"
_PLAIN = ("kind", "label_column", "image_column", "class_names", "split", "called")
_PATHS = ("masks", "boxes", "labels")
_UPLOAD = re.compile(r"[0-9a-f]{32}(\.|$)")  # the names that the app gives to uploads
_KEPT_SECONDS = 3 * 24 * 3600  # of uploads whose import failed: long enough to try again


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Write the dataset under `<workspace>/datasets` -> {"dataset_id": ...}. Knows no store; runs in any process."""
    from analysis.datasets.importing import import_dataset

    workspace, source = Path(arguments["workspace"]), Path(arguments["source"])
    imported = source.with_name(f"{source.name}.imported")
    if arguments.get("uploaded") and imported.is_file() and not source.exists():  # killed after the store had it
        return {"dataset_id": imported.read_text(encoding="ascii")}
    given = {key: arguments[key] for key in _PLAIN if arguments.get(key) is not None}
    given |= {key: Path(arguments[key]) for key in _PATHS if arguments.get(key)}
    folder, downloads = workspace / DATASETS, workspace / DOWNLOADS
    try:
        record = import_dataset(source, folder, arguments["name"], downloads=downloads, report=report, **given)
    except CutawayError as error:
        if not arguments.get("called") or source.name not in str(error):
            raise
        raise DataError(str(error).replace(source.name, arguments["called"])) from error
    if arguments.get("uploaded"):
        imported.write_text(record.dataset_id, encoding="ascii")
    return {"dataset_id": record.dataset_id}


def finish(store: "Store", workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take the dataset into the store, under the name asked for -> what `compute` said. What was uploaded goes."""
    from analysis.datasets.layout import SAMPLES, read_record

    dataset_id = result["dataset_id"]
    folder = workspace / DATASETS / dataset_id
    try:
        store.save_dataset(replace(read_record(folder), name=arguments["name"]), folder / SAMPLES)
    except CutawayError:  # the name is taken, say
        if dataset_id not in {d.dataset_id for d in store.datasets()}:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if arguments.get("uploaded"):
        for key in ("source", *_PATHS):
            _remove_incoming(workspace, arguments.get(key))
    remove_stale_uploads(workspace)
    return dict(result)


def remove_stale_uploads(workspace: Path, older_than_seconds: float = _KEPT_SECONDS) -> int:
    """Remove uploads that nobody has imported for so long; their number. What somebody laid there stays."""
    before = time.time() - older_than_seconds
    ours = (p for p in (workspace / INCOMING).glob("*") if _UPLOAD.match(p.name))
    stale = [p for p in ours if p.lstat().st_mtime < before]
    for path in stale:
        _remove_incoming(workspace, str(path))
    return len(stale)


def _remove_incoming(workspace: Path, given: str | None) -> None:
    """Only what lies in the folder of uploads, whatever the arguments say."""
    if not given:
        return
    incoming, path = (workspace / INCOMING).resolve(), Path(given)
    if path.is_symlink() or path.resolve().parent != incoming:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
