"""The parts of the Geometry page."""
