"""`cutaway variants` and `compare`: the models that are here as families, and two of them side by side."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import settings, terminal, words
from app.terminal import AsJson, Workspace

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member
    from analysis.records import Measures, Speed
    from analysis.store.store import Store
    from models.profiles import Profile

Record = dict[str, Any]


def variants(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """List the models as families: each with what was made from it, its sparsity, size and measured accuracy."""
    where = settings.resolve(workspace)
    with terminal.store_if_free(where, wanted=True) as store:
        from analysis.pipelines.variants import families, members

        found = members(store, where.imported_models)
    rows = [_row(depth, tree.name, tree.member) for root in families(found) for depth, tree in root.walk()]
    terminal.answer({"models": rows}, (line for row in rows for line in _row_lines(row)), as_json)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="As `cutaway models` says; what B is compared with.")],
    second: Annotated[str, typer.Argument(metavar="B", help="As `cutaway models` says.")],
    data: Annotated[str | None, typer.Option(metavar="NAME", help="As `cutaway datasets` says.")] = None,
    speed: Annotated[bool, typer.Option(help="Time both on this machine.")] = True,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Put two models side by side: what they are made of, how fast they are, and how they do on a dataset.

    What is not known yet is measured and kept. Without --data only weights and speed are compared.
    """
    if first == second:
        raise typer.BadParameter(f"both are '{first}': name two models.", param_hint="A B")
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        record = _compared(store, where, (first, second), data, speed)
    terminal.answer(record, _side_by_side(record), as_json)


def _compared(
    store: "Store", where: settings.Settings, names: tuple[str, str], data: str | None, speed: bool
) -> Record:
    from analysis.pipelines import measuring, work
    from analysis.pipelines.speed import PLAINLY
    from analysis.pipelines.variants import members
    from models import catalogue

    for name in names:
        catalogue.load(name, imported=where.imported_models)  # refused before the other is measured
    dataset = store.dataset(data) if data else None
    dataset_id = dataset.dataset_id if dataset else None
    arguments = measuring.asked(store, where.workspace, names, dataset_id, speed) | {"against": names[0]}
    done = work.run_here(store, where.workspace, "measure", arguments, terminal.progress)
    ids = done["model_ids"]
    cards = {m.name: m.profile for m in members(store, where.imported_models) if m.profile}
    base = ids[names[0]]
    return {
        "data": dataset.name if dataset else None,
        "models": [
            {
                "name": name,
                "model_id": ids[name],
                "profile": _profile(cards.get(name) or store.profile(ids[name])),
                "speeds": [_speed(s) for s in store.speeds(ids[name])],
                "measures": _measures(store, ids[name], base, dataset_id),
            }
            for name in names
        ],
        "remarks": [*done["remarks"], PLAINLY],
    }


def _measures(store: "Store", model_id: str, base_id: str, dataset_id: str | None) -> Record | None:
    """On the dataset, against the first of both; its own figures alone where it is that one."""
    found = store.measures(model_id, dataset_id) if dataset_id else []
    best: Measures | None = next((m for m in found if m.base_id == base_id), found[0] if found else None)
    if best is None:
        return None
    record = asdict(best)
    if best.base_id != base_id:
        record |= dict.fromkeys(("agreement", "cka", "delta_logit", "changed")) | {"base_id": ""}
    return record


def _row(depth: int, name: str, member: "Member | None") -> Record:
    """One model of a family; a parent that is not here is a name."""
    record: Record = {"name": name, "depth": depth, "here": member is not None}
    if member is None:
        return record
    return record | {
        "model_id": member.model_id,
        "parent": member.parent,
        "architecture": member.architecture,
        "source": member.source,
        "summary": member.summary,
        "recipe": member.recipe.to_json() if member.recipe else None,
        "profile": _profile(member.profile),
        "measures": [asdict(m) for m in member.measures],
        "speeds": [_speed(s) for s in member.speeds],
    }


def _profile(found: "Profile | None") -> Record | None:
    return found.to_json() | {"sparsity": found.sparsity} if found else None


def _speed(found: "Speed") -> Record:
    return asdict(found) | {"measured_at": found.measured_at.isoformat()}


def _row_lines(row: Record) -> Iterator[str]:
    start = "  " * row["depth"] + row["name"]
    if not row["here"]:
        yield f"{start}: not here"
        return
    parts = [row["summary"]] if not row["architecture"] else []
    if found := row["profile"]:
        smaller = found["size_sparse"] < found["size_dense"]
        packed = f", without zeros {words.size(found['size_sparse'])}" if smaller else ""
        parts.append(f"{found['sparsity']:.1%} zeros")
        parts.append(words.size(found["size_dense"]) + packed)
        parts.append(f"{words.number(found['macs'])} MACs")
    known = [m for m in reversed(row["measures"]) if m["accuracy"] is not None]
    told = {m["dataset_name"] + ("" if m["dataset_id"] else ", its card"): m["accuracy"] for m in known}
    listed = [f"{share:.2%} ({name})" for name, share in reversed(told.items())]
    parts += [f"accuracy {words.first(listed, 3)}"] if listed else []
    yield f"{start}: {'; '.join(parts) or row['architecture']}"


def _side_by_side(record: Record) -> Iterator[str]:
    """A line a figure, a column a model."""
    models = record["models"]
    table: list[tuple[str, ...]] = [("", *(m["name"] for m in models))]
    profiles = [m["profile"] for m in models]
    table += [
        (label, *(form(p) if p else "unknown" for p in profiles))
        for label, form in (
            ("zeros among prunable weights", lambda p: f"{p['sparsity']:.2%} of {p['weights']:,}"),
            ("parameters", lambda p: f"{p['parameters']:,}"),
            ("parameters that are not zero", lambda p: f"{p['nonzeros']:,}"),
            ("file, all weights", lambda p: words.size(p["size_dense"])),
            ("file, zeros left out", lambda p: words.size(p["size_sparse"])),
            ("multiply-accumulates of one image", lambda p: f"{p['macs']:,}"),
        )
    ]
    for device in dict.fromkeys(s["device"] for m in models for s in m["speeds"]):
        of = [next((s for s in m["speeds"] if s["device"] == device), None) for m in models]
        table.append(("one image", *(f"{s['latency_ms']:.3g} ms" if s else "not timed" for s in of), f"on {device}"))
        rates = (f"{words.number(s['images_per_second'])} images/s" if s else "not timed" for s in of)
        table.append(("in batches", *rates, f"of {next(s['batch'] for s in of if s)}, on {device}"))
    if record["data"]:
        table += _figures([m["measures"] or {} for m in models])
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    for row in table:
        yield "  ".join(text.ljust(widths[i]) if i < 3 else text for i, text in enumerate(row)).rstrip()
    yield from (f"note: {remark}" for remark in record["remarks"])


def _figures(measures: list[Record]) -> Iterator[tuple[str, ...]]:
    first = measures[0].get("dataset_name", "")
    yield ("on the images of", *(first for _ in measures))
    for name, label, form in (
        ("samples", "images", "{:,}"),
        ("accuracy", "accuracy", "{:.2%}"),
        ("ece", "calibration error (ECE, 15 bins)", "{:.4f}"),
        ("agreement", "same prediction", "{:.2%}"),
        ("changed", "predictions that change", "{:,}"),
        ("cka", "likeness of last features (debiased CKA)", "{:.4f}"),
        ("delta_logit", "mean |difference of logits|", "{:.4f}"),
    ):
        values = [m.get(name) for m in measures]
        yield (label, *("-" if value is None else form.format(value) for value in values))
