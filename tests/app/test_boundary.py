"""Errors end at the boundary: said calmly, never with a trace or a path."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.boundary import plain, reported


def test_a_name_is_not_markdown() -> None:
    assert plain("a*b_[c](d).png") == r"a\*b\_\[c\]\(d\).png"


def test_a_bug_has_a_number_and_its_story_only_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError("secret /home/someone/file")
    said = reported(error)
    found = re.search(r"number ([0-9a-f]{8})", said)
    assert found
    assert found[1] in caplog.text
    assert "secret" in caplog.text
    assert "secret" not in said
    assert "/" not in said


def test_a_callback_that_fails_is_told_and_the_next_one_clears_it() -> None:
    def script() -> None:
        import streamlit as st

        from app.boundary import failed, guarded

        def fail() -> None:
            raise KeyError("a name of the inside")

        st.button("Fail", on_click=guarded(fail))
        st.button("Go on", on_click=guarded(lambda: None))
        failed()
        st.text("The page goes on.")

    at = AppTest.from_function(script).run()
    at.button[0].click().run()
    assert not at.exception
    assert "bug in Cutaway" in at.error[0].value
    assert at.text[0].value == "The page goes on."
    at.button[1].click().run()
    assert not at.error


def test_files_of_an_uploader_that_is_gone_do_no_harm() -> None:
    def script() -> None:
        import streamlit as st

        from app.widgets import uploads

        st.session_state[uploads.ROUND] = 6
        uploads._taken(5)
        uploads._taken(6)
        st.text(st.session_state[uploads.ROUND])

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert at.text[0].value == "6"
