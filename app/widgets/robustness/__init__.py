"""The views of the Robustness page. Each is `section(subject, room) -> Choice`: drawn where it is called."""
