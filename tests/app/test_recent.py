"""What is kept, and what goes first."""

from app.recent import Recent


def test_what_was_used_longest_ago_goes_first() -> None:
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_weights_count_and_one_thing_stays_however_heavy() -> None:
    kept: Recent[str, bytes] = Recent(10, len)
    kept.put("a", b"12345")
    kept.put("b", b"12345")
    kept.put("c", b"1")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (None, b"12345", b"1")
    kept.put("d", bytes(99))
    assert len(kept) == 1
    assert kept.get("d") == bytes(99)


def test_what_is_there_is_not_made_again() -> None:
    kept: Recent[str, list[int]] = Recent(2)
    first = kept.made("a", lambda: [1])
    assert kept.made("a", lambda: [2]) is first
    kept.forget("a")
    assert kept.made("a", lambda: [2]) == [2]
