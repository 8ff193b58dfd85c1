"""The parts of the Variants page: what is built, the family, the trade-off, layers, side by side."""
