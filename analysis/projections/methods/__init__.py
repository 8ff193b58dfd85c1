"""Projections, a file each."""
