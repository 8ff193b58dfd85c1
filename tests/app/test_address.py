"""What a drawing sets is set again by the next one, where the first was cut short before the browser was told."""

import pytest
from streamlit.testing.v1 import AppTest

from app import address

SCRIPT = """
import streamlit as st
from dataclasses import dataclass, replace
from streamlit.runtime.scriptrunner import get_script_run_ctx
from app.address import Address

@dataclass(frozen=True)
class Choice:
    animal: str = "owl"

def read(query):
    return Choice(*query.get("animal", []))

page = Address("zoo", read, lambda choice: {"animal": [choice.animal]})
choice = page.current()
key = page.seed("animal", choice.animal)
new = get_script_run_ctx().session_state._state._new_session_state
st.session_state.setdefault("log", []).append(key in new)
animal = st.radio("Animal", ["cat", "dog", "owl"], key=key)
if len(st.session_state["log"]) < 3:
    st.rerun()
page.keep(replace(choice, animal=animal))
"""


def test_a_value_is_set_until_a_drawing_comes_to_its_end() -> None:
    at = AppTest.from_string(SCRIPT).run()
    assert not at.exception
    assert at.session_state["log"] == [True, True, True]
    at.run()
    assert at.session_state["log"] == [True, True, True, False]
    assert at.radio[0].value == "owl"


def test_what_a_user_chose_meanwhile_stays() -> None:
    at = AppTest.from_string(SCRIPT).run()
    at.radio[0].set_value("dog").run()
    assert at.radio[0].value == "dog"
    assert at.query_params["animal"] == ["dog"] or at.query_params["animal"] == "dog"


PLAIN = SCRIPT[: SCRIPT.index("new = get")] + SCRIPT[SCRIPT.index("animal = st.radio") :].replace(
    """if len(st.session_state["log"]) < 3:
    st.rerun()
""",
    "",
)


def test_who_is_quicker_than_the_address_bar_loses_nothing() -> None:
    at = AppTest.from_string(PLAIN).run()
    at.radio[0].set_value("dog").run()
    at.query_params["animal"] = "owl"  # the browser has not heard of the dog yet
    at.radio[0].set_value("cat").run()
    assert at.radio[0].value == "cat"


def test_an_address_of_another_making_is_followed_and_so_is_a_step_back(monkeypatch: pytest.MonkeyPatch) -> None:
    at = AppTest.from_string(PLAIN).run()
    at.radio[0].set_value("dog").run()
    at.query_params["animal"] = "cat"  # a link
    at.run()
    assert at.radio[0].value == "cat"
    monkeypatch.setattr(address, "_goes_back", lambda: True)
    at.query_params["animal"] = "owl"
    at.run()
    assert at.radio[0].value == "owl"
