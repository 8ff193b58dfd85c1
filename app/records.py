"""What the command line says: the same facts as records for programs and as lines for people."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from analysis.attribution.registry import AttributionMethod
from analysis.geometry.registry import Measure
from analysis.projections.registry import Projection
from analysis.pruning.registry import PruningMethod
from analysis.registry import Parameter
from analysis.types import AttributionMap, Explanation, Picture
from models.catalogue import Entry
from models.classifier import Classifier, Tap

Record = dict[str, Any]


def classifier(found: Classifier) -> Record:
    """The network that was asked."""
    return {
        "name": found.name,
        "architecture": found.architecture,
        "source": found.source,
        "fingerprint": found.fingerprint,
        "input_size": list(found.preprocessing.size),
        "default_tap": found.default_tap,
    }


def explanation(image: str, picture: Picture, found: Explanation, files: Sequence[tuple[str, str]]) -> Record:
    """One image; `files` are the names of the overlay and of the arrays of each map."""
    return {
        "image": image,
        "digest": picture.digest,
        "remarks": list(picture.remarks),
        "top": [
            {"index": p.index, "name": p.name, "probability": _finite(p.probability), "logit": _finite(p.logit)}
            for p in found.top
        ],
        "maps": [_map(m, *names) for m, names in zip(found.maps, files, strict=True)],
        "refused": dict(found.refused),
        "identical": [list(group) for group in found.identical],
    }


def _finite(value: float) -> float | None:
    """JSON has no NaN and no infinity, a broken network has."""
    return value if math.isfinite(value) else None


def _map(found: AttributionMap, png: str, npz: str) -> Record:
    return {
        "method": found.method,
        "params": dict(found.params),
        "taps": list(found.taps),
        "target": found.target,
        "png": png,
        "npz": npz,
        "remarks": list(found.remarks),
        "seconds": found.seconds,
        "device": found.device,
        "computed_at": found.computed_at.isoformat(),
        "from_store": found.from_store,
    }


def explanation_lines(record: Mapping[str, Any]) -> Iterable[str]:
    yield str(record["image"])
    yield from (f"  note: {remark}" for remark in record["remarks"])
    for row in record["top"]:
        probability = "not a number" if row["probability"] is None else f"{row['probability']:7.2%}"
        yield f"  {probability}  {row['name']} ({row['index']})"
    for found in record["maps"]:
        where = f" at {', '.join(found['taps'])}" if found["taps"] else ""
        origin = ", from the store" if found["from_store"] else f", {found['seconds']:.2f} s"
        yield f"  {found['method']} for {found['target']}{where}{origin}: {found['png']}, {found['npz']}"
        yield from (f"    note: {remark}" for remark in found["remarks"])
    yield from (f"  one and the same map: {', '.join(group)}" for group in record["identical"])
    yield from (f"  {method} was not made: {reason}" for method, reason in record["refused"].items())


def model(entry: Entry) -> Record:
    """One line of the catalogue."""
    return asdict(entry)


def model_lines(record: Mapping[str, Any]) -> Iterable[str]:
    about = "; ".join(filter(None, (record["summary"], record["licence"])))
    yield f"{record['name']}: {record['architecture']}, {record['source']}" + (f" ({about})" if about else "")


def tap(each: Tap) -> Record:
    """One place of a network that can be read."""
    return {
        "name": each.name,
        "layout": each.layout,
        "channels": each.channels,
        "grid": list(each.grid),
        "prefix_tokens": each.prefix,
        "stride": list(each.stride),
    }


def tap_lines(record: Mapping[str, Any]) -> Iterable[str]:
    for each in record["taps"]:
        rows, columns = each["grid"]
        mark = "  (default)" if each["name"] == record["default_tap"] else ""
        where = f"{rows} x {columns} cells of {each['stride'][0]:g} px" if rows * columns > 1 else "no map"
        yield f"{each['name']}: {each['layout']}, {each['channels']} channels, {where}{mark}"


def method(each: AttributionMethod) -> Record:
    """One attribution method, with all that a user may turn."""
    return {
        "name": each.name,
        "label": each.label,
        "kind": each.kind,
        "paper": each.note.paper,
        "class_agnostic": each.class_agnostic,
        "slow": each.slow,
        "signed": each.signed,
        "reads": each.note.reads,
        "fails": each.note.fails,
        "differs": each.note.differs,
        "parameters": [_parameter(p) for p in each.parameters],
    }


def pruner(each: PruningMethod) -> Record:
    """One pruning method, with what it needs and all that a user may turn."""
    return {
        "name": each.name,
        "label": each.label,
        "kind": each.kind,
        "group": each.group,
        "paper": each.note.paper,
        "amount": each.amount,
        "needs_data": each.needs_data,
        "trains": each.trains,
        "untrained": each.untrained,
        "scope": each.scope,
        "scopes": list(each.scopes),
        "granularities": list(each.granularities),
        "reads": each.note.reads,
        "fails": each.note.fails,
        "differs": each.note.differs,
        "parameters": [_parameter(p) for p in each.parameters],
    }


def projection(each: Projection) -> Record:
    """One way to lay out features, with what it needs and all that a user may turn."""
    return {
        "name": each.name,
        "label": each.label,
        "kind": each.kind,
        "paper": each.note.paper,
        "needs": list(each.needs),
        "seeded": each.seeded,
        "quick": each.quick,
        "knob": each.knob,
        "steps": list(each.steps),
        "most": each.most,
        "reads": each.note.reads,
        "fails": each.note.fails,
        "differs": each.note.differs,
        "parameters": [_parameter(p) for p in each.parameters],
    }


def measure(each: Measure) -> Record:
    """One measure of geometry, with the form of its definition and all that a user may turn."""
    return {
        "name": each.name,
        "label": each.label,
        "kind": each.kind,
        "group": each.group,
        "paper": each.note.paper,
        "convention": each.convention,
        "unit": each.unit,
        "better": each.better,
        "unmoved": list(each.unmoved),
        "drawn": each.drawn,
        "slow": each.slow,
        "reads": each.note.reads,
        "fails": each.note.fails,
        "differs": each.note.differs,
        "parameters": [_parameter(p) for p in each.parameters],
    }


def _parameter(each: Parameter) -> Record:
    return {
        "name": each.name,
        "type": each.type.__name__,
        "default": each.default,
        "range": [each.range.low, each.range.high] if each.range else None,
        "choices": list(each.choices) or None,
        "expected": each.expected,
    }


def method_lines(record: Mapping[str, Any]) -> Iterable[str]:
    known = ("class_agnostic", "slow", "needs_data", "trains", "untrained", "quick", "seeded")
    marks = [word.replace("_", "-") for word in known if record.get(word)]
    kind = ", ".join([record["kind"], *marks, *(f"needs {what}" for what in record.get("needs", ()))])
    yield f"{record['name']}: {record['label']} ({kind}; {record['paper']})"
    for each in record["parameters"]:
        yield f"    {record['name']}.{each['name']}={each['default']}   ({each['expected']})"
