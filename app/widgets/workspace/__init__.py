"""The parts of the Workspace page: a module a tab, each a function `section(choice) -> choice`."""
