"""The store of a workspace: what was given, what was asked, what was found.

One process owns it. Any thread may read and write: reads take a cursor of their own, writes go through
one thread and return when they are committed. All of it is a cache of what can be computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import StoreError
from analysis.records import ModelRecord
from analysis.store import attributions, classifiers, overview, pictures
from analysis.store.access import Access
from analysis.store.changes import Changes
from analysis.store.checking import Checking
from analysis.store.class_maps import ClassMaps
from analysis.store.confusion import Confusions
from analysis.store.database import Database
from analysis.store.datasets import Datasets
from analysis.store.embeddings import Embeddings
from analysis.store.failures import unwritable
from analysis.store.files import Files
from analysis.store.geometry import GeometryScores
from analysis.store.jobs import JobJournal
from analysis.store.passes import Passes
from analysis.store.samples import Samples
from analysis.store.scores import Scores
from analysis.store.selections import Selections
from analysis.store.sweeps import Sweeps
from analysis.store.transfer import Transfer
from analysis.store.upkeep import Upkeep
from analysis.store.variants import Variants
from analysis.store.writer import Writer
from analysis.types import AttributionMap, Picture, Prediction

if TYPE_CHECKING:
    from models.classifier import Classifier


class Store:
    """Open with `Store.open(workspace)`; close it, or use it as a context."""

    def __init__(self, workspace: Path, database: Database) -> None:
        self.workspace = workspace
        self._database = database
        self._writer = Writer(database)
        self._maps = Files(workspace / "maps")
        self._images = Files(workspace / "images")
        self._add_verbs(Access(workspace, database, self._writer))

    def _add_verbs(self, access: Access) -> None:
        """The verbs of whole datasets and of the workspace: each is a method of a group, which is one file."""
        datasets, models, passes = Datasets(access), classifiers.Models(access), Passes(access)
        self.save_dataset, self.datasets, self.dataset = datasets.save, datasets.all, datasets.one
        self.rename_dataset, self.delete_dataset = datasets.rename, datasets.delete
        self.class_counts = datasets.class_counts
        self.models, self.delete_model = models.all, models.delete
        self.save_pass, self.delete_pass = passes.save, passes.delete
        self.passes, self.pass_record = passes.all, passes.one

        variants = Variants(access)
        self.save_measures, self.measures = variants.save_measures, variants.measures
        self.save_speed, self.speeds = variants.save_speed, variants.speeds
        self.save_profile, self.profile, self.profiles = variants.save_profile, variants.profile, variants.profiles

        self.sweeps, self.embeddings, self.geometry = Sweeps(access), Embeddings(access), GeometryScores(access)

        samples, scores = Samples(access), Scores(access)
        self.count, self.samples, self.sample_ids = samples.count, samples.page, samples.ids
        self.table, self.histogram = samples.table, samples.histogram
        self.confusion, self.changes = Confusions(access).confusion, Changes(access).changes
        self.reliability, self.class_scores = scores.reliability, scores.class_scores

        selections, class_maps, jobs = Selections(access), ClassMaps(access), JobJournal(access)
        self.selections, self.selection, self.selection_ids = selections.all, selections.one, selections.ids
        self.save_selection, self.rename_selection = selections.save, selections.rename
        self.combine_selections, self.delete_selection = selections.combine, selections.delete
        self.export_selection = selections.export
        self.class_map, self.save_class_map = class_maps.get, class_maps.save
        self.put_job, self.jobs, self.forget_job = jobs.put, jobs.all, jobs.forget

        transfer = Transfer(access)
        self.export_to, self.import_from = transfer.export_to, transfer.import_from
        self.check, self.compact = Checking(access).check, Upkeep(access).compact

    @classmethod
    def open(cls, workspace: Path, *, memory_limit: str = "1GB", threads: int = 2) -> Store:
        """Open the workspace, making what is missing.

        StoreBusy if another process has it, StoreTooNew if a newer Cutaway wrote it (the file stays as it
        was). Damage is set aside and told in `warnings`.
        """
        try:
            for folder in (workspace, workspace / "maps", workspace / "images"):
                folder.mkdir(parents=True, exist_ok=True)
            return cls(workspace, Database(workspace / "store.duckdb", memory_limit=memory_limit, threads=threads))
        except OSError as error:
            raise StoreError(unwritable(error)) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what waits and let go of the file. Twice is once."""
        self._writer.close()
        self._database.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be said about how it opened, in sentences."""
        return tuple(self._database.warnings)

    def attributions(self, run_ids: Iterable[str]) -> dict[str, AttributionMap]:
        """Those maps that are there, by key. A row without its file counts as absent, and goes."""
        with self._database.cursor() as db:
            found, broken = attributions.read(db, run_ids, self._maps)
        if broken:
            self._writer.do(lambda db: attributions.drop(db, broken, self._maps))
        return found

    def save_attributions(self, found: Mapping[str, AttributionMap], versions: Mapping[str, int] | None = None) -> None:
        """Keep maps by key, replacing those with the same key; they are safe when it returns.

        versions: method name -> version, for the record (the key holds it already).
        """
        try:
            files = self._maps.put_arrays({run_id: a.raw for run_id, a in found.items()})
        except OSError as error:
            raise StoreError(unwritable(error)) from error
        self._writer.do(lambda db: attributions.write(db, found, files, versions or {}))

    def save_picture(self, picture: Picture, data: bytes) -> None:
        """Keep an image: its row and its original bytes, under their digest."""
        try:
            file = self._images.put({picture.digest: data})[picture.digest]
        except OSError as error:
            raise StoreError(unwritable(error)) from error
        self._writer.do(lambda db: pictures.write(db, picture, file, len(data)))

    def picture_bytes(self, digest: str) -> tuple[str, bytes] | None:
        """Name and original bytes of an image, or None."""
        with self._database.cursor() as db:
            return pictures.read(db, digest, self._images)

    def save_classifier(self, classifier: Classifier) -> None:
        """Keep what a classifier is called and where it came from; the weights stay where they are."""
        self.save_model(classifiers.described(classifier))

    def save_model(self, model: ModelRecord) -> None:
        """The same of a classifier that is in another process."""
        self._writer.do(lambda db: classifiers.write(db, model))

    def save_predictions(self, fingerprint: str, digest: str, top: Sequence[Prediction]) -> None:
        """Keep the best classes of one image, best first, replacing what was there."""
        self._writer.do(lambda db: classifiers.write_predictions(db, fingerprint, digest, top))

    def predictions(self, fingerprint: str, digests: Iterable[str]) -> dict[str, tuple[Prediction, ...]]:
        """The best classes of those images that have them, best first."""
        with self._database.cursor() as db:
            return classifiers.read_predictions(db, fingerprint, digests)

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        with self._database.cursor() as db:
            return overview.counts(db)

    def size_bytes(self) -> int:
        """What the workspace takes on disk."""
        return overview.size_bytes(self.workspace)

    def size_report(self) -> dict[str, int]:
        """What each table, folder and file in the workspace takes on disk; all of them make `size_bytes`."""
        with self._database.cursor() as db:
            return overview.sizes(db, self.workspace)

    def checkpoint(self) -> None:
        """Write the log into the file; do it after a job."""
        self._writer.checkpoint()
