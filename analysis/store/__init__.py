"""The store: the only place that knows SQL and DuckDB."""

from analysis.calibration import expected_calibration_error
from analysis.store.keys import canonical, digest
from analysis.store.store import Store

__all__ = ["Store", "canonical", "digest", "expected_calibration_error"]
