"""The page of a sweep: whole, self-contained, honest about what is missing."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from analysis.pipelines import sweep_report
from analysis.pipelines.sweep_drawing import COLOURS, colour, curve, number, ranged, signed
from analysis.store import Store
from analysis.sweeps import Cell
from tests import sweeps


class Tags(HTMLParser):
    """That every element is closed, and which there are."""

    EMPTY = ("meta", "line", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    with Store.open(folder / "workspace") as store:
        record = replace(sweeps.record(members=7, samples=40), remarks=("a remark of <its> own",))
        return sweep_report.html(store, sweeps.kept(store, folder / "parts", record))


def test_it_is_whole_and_needs_nothing_else(page: str):
    tags = Tags(page)
    assert tags.open == []
    assert tags.seen["svg"] == 19
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert not re.search(r"https?://|url\(|@import", page)


def test_every_section_is_there(page: str):
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles == [
        *("What was asked", "Evaluation", "Curves", "mCE", "Redundancy", "Findings", "Remarks", "Versions")
    ]
    assert "a remark of &lt;its&gt; own" in page
    assert "Sign of the margin and correctness agree in all of 26,880 rows." in page
    assert page.count('class="finding') == 8
    assert "duckdb" in page


def test_numbers_are_those_of_the_sweep(page: str):
    record = sweeps.record(members=7, samples=40)
    right = np.mean([sweeps.rows(record, 3, c)["correct"].mean() for c in range(1, 6)])
    row = re.search(f'scope=row>{record.members[3].name}</th><td>.*?</td><td style=".*?" title=".*?">(.*?)</td>', page)
    assert row
    assert float(row[1]) == pytest.approx(100 * right, abs=0.051)


def test_names_of_users_are_text(tmp_path: Path):
    with Store.open(tmp_path / "workspace") as store:
        record = sweeps.record(members=2, corruptions=1, samples=5)
        evil = '<script>alert("x")</script>'
        record = replace(
            record,
            dataset_name=evil,
            members=(replace(record.members[0], name=evil), record.members[1]),
            reference=evil,
        )
        found = sweep_report.html(store, sweeps.kept(store, tmp_path / "parts", record))
        assert "<script" not in found
        assert Tags(found).open == []


def test_what_is_not_there_is_a_dash_or_a_sentence(tmp_path: Path):
    with Store.open(tmp_path / "workspace") as store:
        record = sweeps.record(members=2, corruptions=2, samples=5)
        store.sweeps.save(record, np.arange(5), np.zeros(5, np.int64))
        store.sweeps.add(record.sweep_id, [Cell(1, 3, "failed", "no numbers came out")], [])
        found = sweep_report.html(store, record)
        assert Tags(found).open == []
        assert "has none yet" in found
        assert "no numbers came out" in found
        assert "0 of 22, 1 failed" in found
        assert "nan" not in found.replace("finance", "")


def test_published_rows_stand_by_cifar_only(tmp_path: Path):
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    with Store.open(tmp_path / "workspace") as store:
        record = sweeps.record(members=1, corruptions=2, samples=5)
        sweeps.kept(store, tmp_path / "parts", record)
        assert "RobustBench" not in sweep_report.html(store, record)
        assert "CARD LRR 95 % <small>published 2021" in sweep_report.html(store, replace(record, class_names=names))


def test_numbers_and_colours():
    assert number(float("nan")) == "–"
    assert number(-0.04) == "0.0"
    assert ranged(1, float("nan"), 2) == "1.0"
    assert "166,58,91" in signed(-0.5)
    assert "none" in signed(float("nan"))
    assert colour(3, 24) == COLOURS[3]
    assert colour(9, 24) not in COLOURS
    none = np.full((1, 3), np.nan)
    drawn = curve("fog", (0, 1, 2), np.array([[1, np.nan, 0.5]]), none, none, ["a & b"])
    assert drawn.count("<polyline") == 2
    assert "a &amp; b" in drawn
