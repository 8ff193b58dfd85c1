"""The plan of a batch of variants: names, what is refused and why, and the arguments of the jobs."""

from datetime import UTC, datetime

import pytest

from analysis.pipelines.pruning import asked
from analysis.pruning import PRUNERS
from analysis.records import DatasetRecord
from analysis.types import Ask
from app import variant_costs
from app.variant_options import Options
from app.variant_plan import Row, arguments, rows
from models import catalogue
from models.classifier import Classifier

DATA = DatasetRecord(
    "d" * 64, "shapes", "generated", "shapes", ("a",), 4000, 4000, {}, {}, added_at=datetime(2026, 1, 1, tzinfo=UTC)
)


@pytest.fixture(scope="module")
def base() -> Classifier:
    return catalogue.load("shapes-cnn")


def plan(
    base: Classifier, *methods: str, levels=(0.5, 0.9), options=None, data=None, taken=None, coming=()
) -> list[Row]:
    wanted = [(PRUNERS[name], Ask(name)) for name in methods]
    return rows(base, wanted, levels, options or Options(), data, taken or {}, coming)


def test_a_row_for_each_method_and_a_name_for_each_sparsity(base: Classifier) -> None:
    lamp, random = plan(base, "lamp", "random")
    assert [c.name for c in lamp.ready] == ["shapes-cnn-lamp-50", "shapes-cnn-lamp-90"]
    assert [c.name for c in random.ready] == ["shapes-cnn-random-50", "shapes-cnn-random-90"]


def test_names_begin_as_the_user_says(base: Classifier) -> None:
    (row,) = plan(base, "lamp", levels=(0.925,), options=Options(prefix="mine"))
    assert [c.name for c in row.cells] == ["mine-lamp-92.5"]
    (row,) = plan(base, "lamp", levels=(0.5,), options=Options(prefix="../secret"))
    assert row.cells[0].against or "/" not in row.cells[0].name


def test_a_method_that_reads_images_is_refused_without_them(base: Classifier) -> None:
    (row,) = plan(base, "snip")
    assert row.ready == ()
    assert "reads images" in row.against
    assert len(plan(base, "snip", data=DATA)[0].ready) == 2


def test_fine_tuning_is_refused_without_images(base: Classifier) -> None:
    (row,) = plan(base, "lamp", options=Options(epochs=1))
    assert "images" in row.against


def test_a_name_that_another_model_has_is_numbered(base: Classifier) -> None:
    (row,) = plan(base, "lamp", taken={"Shapes-CNN-lamp-50": None, "shapes-cnn-lamp-50-2": None})
    assert [c.name for c in row.ready] == ["shapes-cnn-lamp-50-3", "shapes-cnn-lamp-90"]


def test_a_numbered_one_that_is_here_is_found(base: Classifier) -> None:
    (row,) = plan(base, "lamp", taken={"shapes-cnn-lamp-50": None})
    (again,) = plan(base, "lamp", taken={"shapes-cnn-lamp-50": None, row.cells[0].name: row.cells[0].recipe})
    assert (again.cells[0].name, again.cells[0].there) == ("shapes-cnn-lamp-50-2", "is here")


def test_what_is_here_or_on_its_way_is_not_made_again(base: Classifier) -> None:
    (row,) = plan(base, "lamp")
    (again,) = plan(base, "lamp", taken={row.cells[0].name: row.cells[0].recipe}, coming=[row.cells[1].name])
    assert [c.there for c in again.cells] == ["is here", "on its way"]
    assert again.ready == ()


def test_a_pattern_refuses_other_sparsities_only(base: Classifier) -> None:
    (row,) = plan(base, "global_magnitude", levels=(0.5, 0.8), options=Options(granularity="2:4"))
    assert [bool(c.against) for c in row.cells] == [False, True]
    assert "50%" in row.cells[1].against


def test_a_scope_that_a_method_has_not_is_refused(base: Classifier) -> None:
    (row,) = plan(base, "layer_magnitude", options=Options(scope="global"))
    assert "scopes" in row.against


def test_a_bad_parameter_from_an_address_is_said(base: Classifier) -> None:
    (row,) = rows(base, [(PRUNERS["random"], Ask("random", (("seed", "x"),)))], (0.5,), Options(), None, {})
    assert "seed" in row.against


def test_no_sparsity_is_said(base: Classifier) -> None:
    assert "at least one sparsity" in plan(base, "lamp", levels=())[0].against


def test_the_job_is_asked_what_was_planned(base: Classifier) -> None:
    """The recipes that the job makes from the arguments are those of the plan."""
    options = Options(rounds=3, schedule="cubic", seed=5, granularity="channel")
    (row,) = plan(base, "global_magnitude", options=options)
    found = asked(base, arguments(row, options))
    assert found == [c.recipe for c in row.cells]
    assert arguments(row, options)["data"] is None


def test_images_are_named_to_the_job_only_where_they_are_read(base: Classifier) -> None:
    lamp, snip = plan(base, "lamp", "snip", data=DATA)
    assert arguments(lamp, Options())["data"] is None
    assert arguments(snip, Options())["data"] == DATA.dataset_id
    (tuned,) = plan(base, "lamp", data=DATA, options=Options(epochs=2))
    assert arguments(tuned, Options(epochs=2))["data"] == DATA.dataset_id
    assert arguments(tuned, Options(epochs=2))["tuning"]["epochs"] == 2


def test_costs_grow_with_epochs_images_and_variants(base: Classifier) -> None:
    (plain,) = plan(base, "lamp")
    (tuned,) = plan(base, "lamp", data=DATA, options=Options(epochs=2))
    (longer,) = plan(base, "lamp", data=DATA, options=Options(epochs=4))
    cost = {
        name: variant_costs.seconds(row, 40_000_000, 4000) for name, row in (("p", plain), ("t", tuned), ("l", longer))
    }
    assert variant_costs.about(cost["p"]) == "seconds"
    trained = cost["t"] - cost["p"]
    assert cost["l"] - cost["p"] == pytest.approx(2 * trained)
    assert trained == pytest.approx(2 * 2 * 4000 * 40e6 * 3 / variant_costs.RATE)
    assert variant_costs.seconds(Row(PRUNERS["lamp"], (), "no"), 1, 1) == 0


@pytest.mark.parametrize(
    ("seconds", "words"), [(3, "seconds"), (60, "about 1 min"), (600, "about 10 min"), (9000, "about 2.5 h")]
)
def test_times_are_no_more_exact_than_they_are(seconds: float, words: str) -> None:
    assert variant_costs.about(seconds) == words
