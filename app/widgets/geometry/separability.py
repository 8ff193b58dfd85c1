"""Where in a network classes come apart; and whether samples of another dataset are told from those it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from analysis.engine.jobs import Job
from analysis.records import DatasetRecord, PassRecord
from analysis.store import digest
from analysis.types import Report
from app import geometry_words as words
from app import resources
from app.boundary import guarded, plain
from app.figures.geometry_ood import histograms
from app.geometry_choice import PAGE, SHORT, Network, Subject, heard
from app.widgets.geometry import depth, features_here
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import (
    PENULTIMATE,
    explained,
    labelled,
    layer,
    line,
    measure_of,
    measured,
    select,
    spot_of,
    usual_tap,
)
from app.widgets.progress import watch

if TYPE_CHECKING:
    from analysis.geometry.separation import Positive, Separation

KEY = "geometry.separability"
PROBES = (
    *("probe_linear", "probe_logistic", "knn_accuracy", "nearest_mean_accuracy", "knn_purity", "silhouette"),
    *("fisher", "calinski_harabasz", "davies_bouldin"),
)
FIRST = ("probe_linear", "knn_accuracy", "knn_purity", "silhouette")
POSITIVE = {"unknown": "Unknown is positive", "known": "Known is positive"}
SCORES = ("softmax", "logit", "energy", "knn")


def section(subject: Subject) -> None:
    """Probes and scores by depth, each model's at one layer, then known against unknown."""
    if not measured(subject):
        st.info("Nothing is measured yet.")
        return
    there = [n for n in PROBES if any(m.measure == n for network in subject.networks for m in network.numbers)]
    if there:
        with panel("probes", "Probes and scores by depth", "from which layer on are classes apart?"):
            names = st.pills(
                "Measures", there, selection_mode="multi", default=[n for n in FIRST if n in there],
                format_func=labelled, key=f"{KEY}.measures", label_visibility="collapsed",
            ) or there[:1]  # fmt: skip
            shown = [n for n in there if n in names]
            across = min(len(shown), 4 if len(shown) in (4, 7, 8) else 3)
            depth.draw(subject, shown, key=f"{KEY}.depth", across=across, height=270 * -(-len(shown) // across))
    left, right = st.columns([40, 60], gap="small")
    with left, panel("probe-numbers", "At one layer", "click a number to select the samples it gets wrong"):
        _table(subject, there)
    with right, panel("ood", "Known against unknown", "are samples of another dataset told from these?"):
        _ood(subject)


# ------------------------------------------------------------------------------------------------------ at one layer


def _table(subject: Subject, names: Sequence[str]) -> None:
    """A row a measure, a column a model."""
    networks = measured(subject)
    tap = usual_tap(networks[0], subject.choice.tap)
    if len(networks[0].taps) > 1:
        layer(networks[0], tap)
    spots = [s for n in networks if (s := spot_of(n, tap)) is not None]
    rows = [n for n in names if any(n in s.numbers for s in spots)]
    if not rows:
        st.caption(f"Nothing of this is measured at {plain(words.tap(tap))}.")
        return
    table: dict[str, list[str]] = {"Measure": [labelled(n) for n in rows]}
    for spot in spots:
        table[spot.network.name] = [_cell(spot.numbers.get(n)) for n in rows]
    own = f"{KEY}.table.{digest(tap=tap, rows=rows, models=[s.network.name for s in spots])[:8]}"

    @guarded
    def picked() -> None:
        cells = ((st.session_state.get(own) or {}).get("selection") or {}).get("cells") or []
        if not cells or not 0 <= int(cells[0][0]) < len(rows):
            return
        found = [s for s in spots if s.network.name == cells[0][1]]
        wrong = found[0].arrays(rows[int(cells[0][0])]).get("wrong") if found else None
        if wrong is not None:
            select(subject, wrong, f"{labelled(rows[int(cells[0][0])])} wrong at {words.tap(tap)} of {cells[0][1]}")

    st.dataframe(
        table, hide_index=True, key=own, on_select=picked, selection_mode="single-cell", row_height=32,
        height=44 + 32 * len(rows), column_config={"Measure": st.column_config.TextColumn(width=170, pinned=True)},
    )  # fmt: skip
    number = next(s.numbers[rows[0]] for s in spots if rows[0] in s.numbers)
    st.caption(
        f"At the {plain(words.tap(tap))} · 95 % intervals in brackets · each over its own n",
        help="\n\n".join(explained(n) for n in rows[:6]) + "\n\n" + "\n\n".join(map(plain, number.caveats)),
    )


def _cell(number: Any) -> str:
    if number is None:
        return words.NONE
    if number.value != number.value:
        return number.why
    interval = words.within(number)
    text = words.short(number.value) + words.unit(measure_of(number.measure)) + (f" ({interval})" if interval else "")
    return f"{text} · n {number.samples:,}"


# ------------------------------------------------------------------------------------------------------------ unknown


def _others(subject: Subject) -> dict[str, DatasetRecord]:
    return {r.dataset_id: r for r in resources.store().datasets() if r.dataset_id != subject.dataset.dataset_id}


def _ood(subject: Subject) -> None:
    """The other dataset, which side is positive; numbers of each model, and one histogram."""
    others = _others(subject)
    if not others:
        st.info("It takes a second dataset. Add one on the Workspace page.", icon=":material/dataset:")
        return
    usual = next((i for i in others if subject.choice.other and i.startswith(subject.choice.other)), "")
    key = PAGE.seed("ood.other", usual or None, {i: r.name for i, r in others.items()})

    @guarded
    def changed() -> None:
        PAGE.change(other=(heard(key, "") or "")[:SHORT])

    with line("ood"):
        st.selectbox(
            "Unknown", others, key=key, format_func=lambda i: f"{others[i].name} · {others[i].size:,}", width=230,
            label_visibility="collapsed", on_change=changed, placeholder="Against which dataset?", index=None,
        )  # fmt: skip
        positive = st.segmented_control(
            "Positive", POSITIVE, default="unknown", format_func=POSITIVE.__getitem__, key=f"{KEY}.positive",
            required=True, label_visibility="collapsed",
        ) or "unknown"  # fmt: skip
    if not usual:
        st.caption("Choose the dataset whose samples the network has not learnt: AUROC, AUPR and FPR95 of four scores.")
        return
    found = {n.name: r for n in measured(subject) if (r := _scores(subject, n, others[usual], positive)) is not None}
    if found:
        _told(subject, others[usual], found)


def _scores(subject: Subject, network: Network, other: DatasetRecord, positive: str) -> dict[str, Separation] | None:
    """Of one model, at what its head reads or else its last layer; None, said, where it is not there yet."""
    from analysis.pipelines.geometry_asking import record

    tap, known = usual_tap(network, PENULTIMATE), network.record
    assert known is not None
    unknown = record(resources.store(), known.model_id, other.dataset_id, subject.choice.condition, (tap,))
    if unknown is None:
        st.caption(f"{plain(network.name)} has not been run over {plain(other.name)} with its {words.tap(tap)} kept.")
        st.button(
            f"Run {network.name} over {other.name}", icon=":material/play_arrow:", key=f"{KEY}.run.{network.name}",
            on_click=guarded(_run), args=(subject, network, other, tap), disabled=resources.engine() is not None,
        )  # fmt: skip
        return None
    head = None
    if tap == PENULTIMATE:
        found = resources.classifier(network.name)
        if isinstance(found, Job) and found.error is None:
            watch(resources.loading(), [found.key], stoppable=False)
            return None
        if isinstance(found, Job):
            st.caption(plain(f"{network.name} cannot be loaded, so there are no logits: {found.error}"))
        elif found.fingerprint == known.model_id:
            head = found.head
    return _made(known, unknown, tap, head, positive)


def _made(known: PassRecord, unknown: PassRecord, tap: str, head: Any, positive: str) -> dict[str, Separation] | None:
    def make(report: Report) -> dict[str, Separation]:
        from analysis.geometry.ood import separation

        both = [features_here.features(r, tap, head) for r in (known, unknown)]
        found = {}
        for number, score in enumerate(SCORES):
            report(number / len(SCORES), score)
            found[score] = separation(both[0], both[1], score, positive=cast("Positive", positive))
        return found

    key = digest(
        family="ood", known=known.pass_id, unknown=unknown.pass_id, tap=tap, head=head is not None, positive=positive
    )
    title = f"{known.model_name}: {known.dataset_name} against {unknown.dataset_name}"
    return features_here.made(key, title, make).value


def _run(subject: Subject, network: Network, other: DatasetRecord, tap: str) -> None:
    from analysis.pipelines.geometry import asked

    arguments = asked(
        resources.store(), resources.settings().workspace, models=[network.name], dataset_id=other.dataset_id,
        condition=subject.choice.condition, taps=[tap], similarity=False,
    )  # fmt: skip
    resources.work().submit("geometry", arguments, f"Geometry of {network.name} over {other.name}")


def _told(subject: Subject, other: DatasetRecord, found: dict[str, dict[str, Separation]]) -> None:
    """A row a model and score; the histogram of one; the convention in words."""
    from analysis.geometry.ood import SCORES as ABOUT

    one = next(iter(next(iter(found.values())).values()))
    rows = [(name, score, s) for name, by in found.items() for score, s in by.items()]
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "Model": [name for name, _, _ in rows],
            "Score": [s.label for _, _, s in rows],
            "AUROC": [100 * s.auroc for _, _, s in rows],
            "95 %": ["" if s.low != s.low else f"{100 * s.low:.1f} to {100 * s.high:.1f}" for _, _, s in rows],
            "AUPR": [100 * s.aupr for _, _, s in rows],
            "FPR95": [100 * s.fpr95 for _, _, s in rows],
            "n": [f"{len(s.known):,} + {len(s.unknown):,}" for _, _, s in rows],
        },
        hide_index=True, height=min(38 + 30 * len(rows), 250), row_height=30,
        column_config={
            "AUROC": number(format="%.1f", width=60, help="Area under the ROC curve, %: 50 is chance"),
            "AUPR": number(format="%.1f", width=56, help="Area under precision over recall of the positive side, %"),
            "FPR95": number(format="%.1f", width=60, help="Share of the negative side taken for positive, where 95 % "
                            "of the positive side is, %: lower is better"),
            "n": st.column_config.TextColumn(help="Known and unknown samples that were scored"),
        },
    )  # fmt: skip
    for why in dict.fromkeys(f"{s.label}: {s.why}" for _, _, s in rows if s.why):
        st.caption(plain(why.replace(": ", ": not defined here because ", 1) if "not defined" not in why else why))
    defined = [(name, score) for name, score, s in rows if not s.why]
    if not defined:
        return
    with line("ood-shown"):
        scores = list(dict.fromkeys(score for _, score in defined))
        score = st.segmented_control(
            "Score", scores, default=scores[0], format_func=lambda s: ABOUT[s].label, key=f"{KEY}.score.{len(scores)}",
            required=True, label_visibility="collapsed",
        ) or scores[0]  # fmt: skip
        names = [name for name, s in defined if s == score]
        name = names[0]
        if len(names) > 1:
            name = st.selectbox("Model", names, key=f"{KEY}.score.model", label_visibility="collapsed", width=180)
    shown = found[name if name in found else names[0]][score]
    figure = histograms(
        shown.edges, shown.known_counts, shown.unknown_counts, (subject.dataset.name, other.name),
        f"{shown.label}: {ABOUT[score].convention}", threshold=shown.threshold,
        dark=st.context.theme.type == "dark",
    )  # fmt: skip
    st.plotly_chart(figure, key=f"{KEY}.histogram", config={"displayModeBar": False})
    st.caption(plain(" ".join([one.convention, *shown.caveats])), help=f"{plain(ABOUT[score].reads)}\n\n"
               f"{plain(ABOUT[score].paper)}\n\n*Interval:* 95 %, {plain(shown.interval)}.")  # fmt: skip
