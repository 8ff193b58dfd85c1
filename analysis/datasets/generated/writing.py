"""A generated dataset, written into the workspace block by block."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from analysis.datasets.generated.registry import GENERATORS
from analysis.datasets.packing import DatasetWriter
from analysis.records import DatasetRecord
from analysis.registry import Scalar
from analysis.types import Report, silent


def generate(
    kind: str, folder: Path, name: str, params: Mapping[str, Scalar], report: Report = silent
) -> DatasetRecord:
    """Images of a generator under `<folder>/<dataset_id>`, with masks and with what is known of each as columns.

    BadParameter for a knob that there is not or a value it does not take. The same knobs give the same dataset_id,
    and what is there already is kept. Memory does not grow with the number of images.
    """
    generator = GENERATORS[kind]
    bound = generator.bound(params)
    wanted = int(bound["count"]) if generator.sized else 0
    report(0.0, f"generating {generator.label}")
    blocks = generator.function(**bound)
    first = next(blocks)
    with DatasetWriter(
        folder, name=name, kind="generated", source=kind, class_names=first.class_names, params=bound
    ) as writer:
        for remark in first.remarks:
            writer.remark(remark)
        for block in chain((first,), blocks):
            writer.add_arrays(block.images, block.labels, masks=block.masks, columns=block.columns)
            report(0.98 * len(writer) / max(wanted, len(writer)), f"{len(writer):,} images")
        report(0.99, "writing")
        return writer.finish()
