"""Times in the database are UTC without a zone; outside they carry one."""

from datetime import UTC, datetime


def to_column(moment: datetime) -> datetime:
    """An aware moment -> UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_column(value: datetime) -> datetime:
    """UTC without a zone -> the aware moment."""
    return value.replace(tzinfo=UTC)


def now() -> datetime:
    """This moment, for a column."""
    return to_column(datetime.now(UTC))
