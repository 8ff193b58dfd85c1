"""A chart forgets its click once the selection was made elsewhere or cleared, so that the same click counts again."""

from streamlit.testing.v1 import AppTest

from tests.app.beside import closed, drawn
from tests.app.geometry_beside import measured, opened


def test_keys_turn_when_the_selection_is_made_elsewhere(workspace):
    def script():
        import numpy as np
        import streamlit as st

        from app.geometry_choice import Choice, Subject
        from app.widgets.geometry import picked

        class Dataset:
            dataset_id = "a" * 64

        subject = Subject(Choice(), Dataset(), ())  # type: ignore[arg-type]
        for name in ("one", "two"):
            st.button(name, on_click=picked.select, args=(subject, np.arange(3), name, name))
        st.button("all", on_click=picked.clear)
        st.text(" ".join(picked.turned(name) for name in ("one", "two")))

    page = AppTest.from_function(script).run()

    def after(click: str) -> str:
        next(b for b in page.button if b.label == click).click()
        page.run()
        return page.text[0].value

    assert page.text[0].value == "one.0 two.0"
    assert after("one") == "one.0 two.0"  # its cell stays lit
    assert after("one") == "one.0 two.0"
    assert after("two") == "one.1 two.0"
    assert after("one") == "one.1 two.1"
    assert after("all") == "one.2 two.1"
    assert after("all") == "one.2 two.1"


def test_classes_and_subspaces_say_at_which_layer_they_are(workspace):
    measured(workspace, 200, 4, 16, 1)
    try:
        for view in ("classes", "subspaces"):
            page = drawn(opened(view))
            assert [s.value for s in page.selectbox if s.label == "Layer"] == ["penultimate"]
    finally:
        closed()
