"""Whether samples of another dataset, which a network has not learnt, are told from those that it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from app.widgets.geometry import features_here
from app.widgets.geometry.spot import PENULTIMATE, line, measured, usual_tap
from app.widgets.progress import watch

if TYPE_CHECKING:
    from analysis.geometry.separation import Positive, Separation

KEY = "geometry.separability"
POSITIVE = {"unknown": "Unknown is positive", "known": "Known is positive"}
SCORES = ("softmax", "logit", "energy", "knn")
LOW, TALL = 250, 400  # of the table above, and beside its histogram


def _others(subject: Subject) -> dict[str, DatasetRecord]:
    return {r.dataset_id: r for r in resources.store().datasets() if r.dataset_id != subject.dataset.dataset_id}


def _usual(subject: Subject, others: Mapping[str, DatasetRecord]) -> str:
    """That of the address, else the first that the first model has been run over; empty where there is none."""
    if subject.choice.other:
        return next((i for i in others if i.startswith(subject.choice.other)), "")
    first = measured(subject)[0]
    tap, known = usual_tap(first, PENULTIMATE), first.record
    assert known is not None
    there = {
        p.dataset_id for p in resources.store().passes()
        if p.model_id == known.model_id and p.condition == known.condition and tap in p.taps
    }  # fmt: skip
    return next((i for i in others if i in there), "")


def section(subject: Subject, wide: bool) -> None:
    """The other dataset, which side is positive; numbers of each model, and one histogram."""
    others = _others(subject)
    if not others:
        st.info("It takes a second dataset. Add one on the Workspace page.", icon=":material/dataset:")
        return
    usual = _usual(subject, others)
    key = PAGE.seed("ood.other", usual or None, {i: r.name for i, r in others.items()})

    @guarded
    def changed() -> None:
        PAGE.change(other=(heard(key, "") or "")[:SHORT])

    with line("ood"):
        st.selectbox(
            "Unknown", others, key=key, format_func=lambda i: f"{others[i].name} · {others[i].size:,}", width=230,
            label_visibility="collapsed", on_change=changed, placeholder="Against which dataset?",
            index=0 if usual else None,
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
        _told(subject, others[usual], found, wide)


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


def _told(subject: Subject, other: DatasetRecord, found: dict[str, dict[str, Separation]], wide: bool) -> None:
    """A row a model and score; the histogram of one, below or beside it; what is not defined, in words."""
    rows = [(name, score, s) for name, by in found.items() for score, s in by.items()]
    left, right = st.columns([58, 42], gap="small") if wide else (st.container(), st.container())
    with left:
        _numbers(rows, TALL if wide else LOW)
        for why in dict.fromkeys(f"{s.label}: {s.why}" for _, _, s in rows if s.why):
            st.caption(plain(why if "not defined" in why else why.replace(": ", ": not defined here because ", 1)))
    defined = [(name, score) for name, score, s in rows if not s.why]
    if not defined:
        return
    with right:
        with line("ood-shown"):
            name, score = _which(defined)
        _histogram(subject, other, found[name][score], score)


def _numbers(rows: Sequence[tuple[str, str, Separation]], height: int) -> None:
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
        hide_index=True, height=min(38 + 30 * len(rows), height), row_height=30,
        column_config={
            "AUROC": number(format="%.1f", width=60, help="Area under the ROC curve, %: 50 is chance"),
            "AUPR": number(format="%.1f", width=56, help="Area under precision over recall of the positive side, %"),
            "FPR95": number(format="%.1f", width=60, help="Share of the negative side taken for positive, where 95 % "
                            "of the positive side is, %: lower is better"),
            "95 %": st.column_config.TextColumn(width=96),
            "n": st.column_config.TextColumn(width=86, help="Known and unknown samples that were scored"),
        },
    )  # fmt: skip


def _which(defined: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The model and the score whose histogram is drawn."""
    from analysis.geometry.ood import SCORES as ABOUT

    scores = list(dict.fromkeys(score for _, score in defined))
    score = st.segmented_control(
        "Score", scores, default=scores[0], format_func=lambda s: ABOUT[s].label, key=f"{KEY}.score.{len(scores)}",
        required=True, label_visibility="collapsed",
    ) or scores[0]  # fmt: skip
    names = [name for name, s in defined if s == score]
    if len(names) == 1:
        return names[0], score
    name = st.selectbox("Model", names, key=f"{KEY}.score.model", label_visibility="collapsed", width=180)
    return name if name in names else names[0], score


def _histogram(subject: Subject, other: DatasetRecord, shown: Separation, score: str) -> None:
    from analysis.geometry.ood import SCORES as ABOUT

    figure = histograms(
        shown.edges, shown.known_counts, shown.unknown_counts, (subject.dataset.name, other.name),
        f"{shown.label}: {ABOUT[score].convention}", threshold=shown.threshold,
        dark=st.context.theme.type == "dark",
    )  # fmt: skip
    st.plotly_chart(figure, key=f"{KEY}.histogram", config={"displayModeBar": False})
    st.caption(plain(" ".join([shown.convention, *shown.caveats])), help=f"{plain(ABOUT[score].reads)}\n\n"
               f"{plain(ABOUT[score].paper)}\n\n*Interval:* 95 %, {plain(shown.interval)}.")  # fmt: skip
