"""What a worker leaves of an embedding: a folder under a temporary name, which the store takes over.

<workspace>/embeddings/.<uuid>.part           being written
<workspace>/embeddings/.<embedding_id>.made   whole, not taken in yet
<workspace>/embeddings/<embedding_id>         the store's
"""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.embeddings import Embedding
from analysis.errors import DataError
from analysis.passes.files import flush_folder, told, write_whole
from analysis.store.embeddings import FITTED, FOLDER, PLACER, POINTS

if TYPE_CHECKING:
    from analysis.projections.checking import Laid

RECORD = "embedding.json"


def folder_of(workspace: Path, embedding_id: str) -> Path:
    return workspace / FOLDER / embedding_id


def laid_before(workspace: Path, embedding_id: str) -> bool:
    """Whether it is there whole, taken in or not."""
    return any((place / RECORD).is_file() and (place / POINTS).is_file() for place in _places(workspace, embedding_id))


def left(workspace: Path, embedding_id: str) -> tuple[Path, Embedding]:
    """The folder of an embedding, taken in or not, and what it says of itself. DataError where there is none."""
    for place in _places(workspace, embedding_id):
        try:
            return place, Embedding.from_json(json.loads((place / RECORD).read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError("The files of this embedding are damaged. Delete it, and compute it again.") from error
    raise DataError("The points of this embedding are not in the workspace any more. Compute it again.")


def leave(workspace: Path, embedding: Embedding, laid: Laid, *, alone: bool = False) -> Path:
    """Write an embedding's files -> their folder, whole. alone: nobody else is to find it there."""
    from analysis.projections.placing import save_placer

    place = workspace / FOLDER / f".{uuid.uuid4().hex}.part"
    with told(place):
        place.mkdir(parents=True)
        try:
            write_whole(place / POINTS, lambda path: _save(path, np.asarray(laid.points, np.float32)))
            if laid.fitted < embedding.samples:
                write_whole(place / FITTED, lambda path: _save(path, np.asarray(laid.fitted_rows, np.int64)))
            if (placer := laid.placer) is not None:
                write_whole(place / PLACER, lambda path: save_placer(path, placer))
            text = json.dumps(embedding.to_json(), indent=1)
            write_whole(place / RECORD, lambda path: _say(path, text))
            if alone:
                return place
            made = _made(workspace, embedding.embedding_id)
            shutil.rmtree(made, ignore_errors=True)
            place.replace(made)
            flush_folder(made.parent)
            return made
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise


def _save(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as opened:
        np.save(opened, values, allow_pickle=False)


def _say(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _made(workspace: Path, embedding_id: str) -> Path:
    return workspace / FOLDER / f".{embedding_id}.made"


def _places(workspace: Path, embedding_id: str) -> tuple[Path, Path]:
    return folder_of(workspace, embedding_id), _made(workspace, embedding_id)
