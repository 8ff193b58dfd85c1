"""How much an archive may unpack to.

Image files hardly shrink in an archive. What unpacks to more than 100 times its own size, and to more than a
gigabyte, is no dataset but a bomb; a small dataset of plain drawings may shrink as much as it likes.
"""

from analysis.errors import BadArchive

MAX_FILES = 2_000_000
MAX_RATIO = 100
FREE_BYTES = 2**30
MAX_TOTAL_BYTES = 2 * 2**40


def check_count(count: int, archive: str) -> None:
    if count > MAX_FILES:
        raise BadArchive(f"'{archive}' lists {count:,} files; at most {MAX_FILES:,} are read. Split it.")


def check_total(unpacked: int, packed: int, archive: str) -> None:
    """Sizes in bytes, as claimed or as counted while reading; BadArchive where they make a bomb."""
    if unpacked > MAX_TOTAL_BYTES or (unpacked > FREE_BYTES and unpacked > MAX_RATIO * packed):
        raise BadArchive(
            f"'{archive}' has {_size(packed)} and would unpack to {_size(unpacked)} or more, "
            f"{unpacked / max(packed, 1):,.0f} times as much, as images never do: a zip bomb. "
            "Nothing of it was imported."
        )


def _size(n: int) -> str:
    return f"{n / 2**30:,.1f} GB" if n >= 2**30 else f"{n / 2**20:,.1f} MB"
