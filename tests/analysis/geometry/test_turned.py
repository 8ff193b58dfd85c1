"""Measures with other parameters than the usual: names of their own, numbers of their own."""

import math

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.registry import Measure
from analysis.registry import Parameter
from models.errors import UnknownName

TURNED = [(m, p) for m in MEASURES for p in m.parameters]
NAMES = [f"{m.name}.{p.name}" for m, p in TURNED]


def other(parameter: Parameter) -> object:
    """A value that is allowed, and is not the usual one."""
    if parameter.type is bool:
        return not parameter.default
    if parameter.choices:
        return next(c for c in parameter.choices if c != parameter.default)
    assert parameter.range is not None
    near = parameter.type(float(parameter.default) * 0.7)
    return near if near >= parameter.range.low and near != parameter.default else parameter.type(parameter.range.high)


def given(measure: Measure) -> list[Features]:
    rng = np.random.default_rng(3)
    labels = np.arange(240) % 5
    values = rng.standard_normal((5, 8))[labels] + rng.standard_normal((240, 8))
    weight = {"weight": rng.standard_normal((5, 8)), "bias": np.zeros(5)} if measure.kind == "head" else {}
    first = Features(values.astype(np.float32), labels, **weight)
    return [first, Features((values**3).astype(np.float32), labels)] if measure.kind == "pair" else [first]


@pytest.mark.parametrize(("measure", "parameter"), TURNED, ids=NAMES)
def test_a_name_says_the_parameters_and_leads_back_to_them(measure: Measure, parameter: Parameter):
    value = other(parameter)
    turned = measure.turned({parameter.name: value})
    assert turned.name.startswith(f"{measure.name}({parameter.name}=")
    assert turned.bound()[parameter.name] == value
    again = MEASURES[turned.name]
    assert (again.name, again.label, again.bound()) == (turned.name, turned.label, turned.bound())
    assert again.function(*given(measure)).value == pytest.approx(
        measure.function(*given(measure), **{parameter.name: value}).value, nan_ok=True
    )


@pytest.mark.parametrize(("measure", "parameter"), TURNED, ids=NAMES)
def test_a_number_does_not_depend_on_the_usual_one_being_taken_before(measure: Measure, parameter: Parameter):
    turned, used = measure.turned({parameter.name: other(parameter)}), given(measure)
    usual = measure.function(*used).value
    found, alone = turned.function(*used).value, turned.function(*given(measure)).value
    assert found == alone or (math.isnan(found) and math.isnan(alone))
    assert measure.function(*used).value == usual


def test_a_label_says_the_parameters_in_words():
    assert MEASURES["anisotropy(centred=true)"].label == f"{MEASURES['anisotropy'].label} (centred)"
    assert MEASURES["mle(k=5, factor=k - 2)"].label == f"{MEASURES['mle'].label} (k 5, factor k - 2)"
    assert MEASURES["cka(estimator=biased)"].convention.endswith(" Here with estimator biased.")


def test_the_usual_parameters_are_the_usual_measure():
    assert MEASURES["mle"].turned({"k": "20"}) is MEASURES["mle"]
    assert MEASURES["twonn(discard=0.1)"].name == "twonn"


def test_what_is_drawn_follows_the_parameter():
    assert MEASURES["twonn"].turned({"most": 500}).drawn == 500
    assert MEASURES["twonn"].turned({"discard": 0}).drawn == MEASURES["twonn"].drawn


@pytest.mark.parametrize("name", ["mle(k=2)", "mle(k)", "mle()", "mle(j=3)"])
def test_a_name_with_wrong_parameters_is_refused(name: str):
    with pytest.raises(BadParameter):
        MEASURES[name]


@pytest.mark.parametrize("name", ["roundness(k=3)", "mle(k=5", "(k=5)"])
def test_a_name_of_nothing_is_unknown(name: str):
    with pytest.raises(UnknownName):
        MEASURES[name]
