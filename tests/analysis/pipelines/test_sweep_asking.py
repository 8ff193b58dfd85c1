"""What may be asked of a sweep: filled in, and refused with a sentence that helps."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.pipelines import sweep
from analysis.pipelines.sweep_conditions import BENCHMARK
from analysis.robustness import CORRUPTIONS
from analysis.store import Store
from models.errors import UnknownName
from tests.analysis.pipelines.sweep_specimens import DIGITS, dataset, digits, imported, keep


@pytest.fixture
def data(workspace: Path) -> str:
    keep(workspace, "half")
    return dataset(workspace, 60)


def asked(workspace: Path, data: str, **options) -> dict:
    return sweep.asked(None, workspace, **{"models": ["digits-cnn", "half"], "dataset": data} | options)


def test_nothing_said_means_the_nineteen_at_five_severities(workspace, data):
    found = asked(workspace, data)
    assert json.loads(json.dumps(found)) == found
    assert [(c["name"], c["severity"]) for c in found["conditions"]] == [
        ("clean", 0), *((name, severity) for name in BENCHMARK for severity in range(1, 6))
    ]  # fmt: skip
    assert set(BENCHMARK) == {c.name for c in CORRUPTIONS if c.benchmark or c.extra}
    assert [CORRUPTIONS[n].benchmark for n in BENCHMARK] == [True] * 15 + [False] * 4
    assert (found["reference"], found["class_map"], found["engine"]) == ("digits-cnn", list(range(10)), "local")


def test_the_id_is_of_what_is_computed_and_of_nothing_else(workspace, data):
    one = asked(workspace, data)
    same = asked(workspace, data, name="mine", engine="ray", batch=7, reference="half", limit=60)
    assert same["sweep_id"] == one["sweep_id"]
    deck = {"name": "both", "members": ["digits-cnn", "half"]}
    others = [
        {"models": ["half"]},
        {"corruptions": ["fog"]},
        {"severities": (1,)},
        {"limit": 10},
        {"seed": 1},
        {"autocast": True},
        {"decks": [deck]},
        {"decks": [deck | {"gate": "spectral"}]},
        {"features": ["logits"]},
    ]
    assert len({asked(workspace, data, **o)["sweep_id"] for o in others} | {one["sweep_id"]}) == len(others) + 1


def test_a_parameter_of_a_corruption_is_taken_with_its_default_known(workspace, data):
    method = next(c for c in CORRUPTIONS if c.kind == "corruption" and any(p.type is not str for p in c.parameters))
    parameter = next(p for p in method.parameters if p.type is not str)
    other = (not parameter.default) if parameter.type is bool else parameter.range.high if parameter.range else 2
    given = [{"name": method.name, "params": {parameter.name: other}}]
    found = asked(workspace, data, corruptions=given, severities=(2,))["conditions"][1]
    assert found["changed"] == {parameter.name: other}
    assert found["params"] == method.bound({parameter.name: other})
    with pytest.raises(BadParameter, match="has no parameter 'nonsense'"):
        asked(workspace, data, corruptions=[{"name": method.name, "params": {"nonsense": 1}}])


REFUSED = [
    ({"models": []}, BadParameter, "at least one model"),
    ({"models": ["digits"]}, UnknownName, "digits-cnn"),
    ({"models": ["digits-cnn", "shapes-cnn"]}, BadParameter, "the same classes in the same order"),
    ({"corruptions": ["fogg"]}, UnknownName, "Did you mean: fog"),
    ({"corruptions": ["background_removed"]}, BadParameter, "needs a mask of the object for every image"),
    ({"severities": (0,)}, BadParameter, "from 1 to 5; got 0"),
    ({"severities": (True,)}, BadParameter, "from 1 to 5; got True"),
    ({"limit": 0}, BadParameter, "at least one sample"),
    ({"batch": 0}, BadParameter, "at least one image"),
    ({"reference": "shapes-cnn"}, BadParameter, "is none of the sweep's models: digits-cnn, half"),
    ({"engine": "dask"}, BadParameter, "one of local, ray"),
    ({"address": "10.0.0.1:6379"}, BadParameter, "choose the engine ray"),
    ({"decks": [{"name": "d", "members": ["half"]}]}, BadParameter, "two models or more; got half"),
    ({"decks": [{"name": "d", "members": ["half", "most"]}]}, BadParameter, "takes most, which is no model"),
    ({"decks": [{"name": "half", "members": ["half", "digits-cnn"]}]}, BadParameter, "'half' is taken"),
    ({"decks": [{"name": "d", "members": ["half", "digits-cnn"], "gate": "or"}]}, BadParameter, "by mean or spectral"),
    (
        {
            "decks": [
                {"name": "d", "members": ["half", "digits-cnn"], "gate": "spectral", "trained_on": {"half": "fog"}}
            ]
        },
        BadParameter,
        "A condition is 'clean' or like 'fog/3'; got 'fog'",
    ),
    (
        {
            "decks": [
                {"name": "d", "members": ["half", "digits-cnn"], "gate": "spectral", "trained_on": {"half": "fgsm/1"}}
            ]
        },
        BadParameter,
        "needs masks or a network",
    ),
    ({"stored": None, "dataset": "0" * 64}, Exception, "missing or damaged"),
]


@pytest.mark.parametrize(("options", "error", "said"), REFUSED, ids=lambda v: None)
def test_what_cannot_be_run_is_refused_before_anything_is_computed(workspace, data, options, error, said):
    with pytest.raises(error, match=said):
        asked(workspace, data, **options)
    assert not (workspace / "sweeps").exists()


def test_images_without_a_usable_label_are_refused(workspace, data, tmp_path):
    np.savez(tmp_path / "bare.npz", x=digits(20)[0])
    with pytest.raises(BadParameter, match="'bare' has no labels"):
        asked(workspace, imported(workspace, tmp_path / "bare.npz"))
    owls = dataset(workspace, 21, labels=np.arange(21) % 2, class_names=("barn owl", "snowy owl"))
    with pytest.raises(
        BadParameter, match=r"No class of the dataset 'digits21' \(2 \(barn owl, snowy owl\)\) is one of"
    ):
        asked(workspace, owls)


def test_what_was_said_by_hand_of_a_parent_holds_for_its_variants(workspace):
    keep(workspace, "half")
    with Store.open(workspace) as store:
        owls = dataset(workspace, 21, store, labels=np.arange(21) % 2, class_names=("barn owl", "snowy owl"))
        parent = sweep.asked(None, workspace, models=["digits-cnn"], dataset=dataset(workspace, 20))["model_ids"][0]
        store.save_class_map(owls, parent, {0: 3})
        found = sweep.asked(store, workspace, models=["half"], dataset=owls)
    assert found["class_map"] == [3, -1]
    assert found["class_names"] == list(DIGITS)
