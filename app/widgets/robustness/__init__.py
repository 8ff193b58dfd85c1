"""The views of the Robustness page. Each is `section(subject, room) -> Choice`: drawn where it is called.

A view may also have `controls(subject, room) -> Choice`: its few widgets that stand in the title line of its panel.
"""
