"""What was read last: always what was fetched, never more than the bounds, and not fetched again while it is kept."""

import threading
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.recent import Recent


def squares(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    return ((number, number * number) for number in numbers if number >= 0)


@given(asked=st.lists(st.lists(st.integers(-3, 30), unique=True, max_size=12), max_size=20), most=st.integers(0, 40))
def test_what_is_read_is_what_was_fetched_and_what_is_kept_has_bounds(asked: list[list[int]], most: int) -> None:
    recent = Recent[int](most, lambda _: 1)
    for numbers in asked:
        assert recent.read(numbers, squares) == dict(squares(numbers))
        assert len(recent) <= max(most, 2)


def test_what_was_asked_for_last_is_not_fetched_again() -> None:
    fetched: list[int] = []

    def noted(numbers: list[int]) -> Iterator[tuple[int, int]]:
        fetched.extend(numbers)
        return squares(numbers)

    recent = Recent[int](20, lambda _: 1)
    for number in range(100):
        recent.read([7, number], noted)
    assert fetched.count(7) == 1
    assert len(fetched) == 100
    recent.read([99, 98, 0], noted)
    assert fetched[100:] == [0]


def test_one_that_is_greater_than_all_bounds_is_read_all_the_same() -> None:
    recent = Recent[bytes](100, len)
    for _ in range(2):
        assert recent.read([1], lambda numbers: [(number, b"a" * 1000) for number in numbers]) == {1: b"a" * 1000}


def test_what_cannot_be_fetched_is_fetched_again() -> None:
    def failing(_: list[int]) -> Iterator[tuple[int, int]]:
        yield 1, 1
        raise OSError("gone")

    recent = Recent[int](100, lambda _: 1)
    with pytest.raises(OSError, match="gone"):
        recent.read([1, 2], failing)
    assert recent.read([1, 2], squares) == {1: 1, 2: 4}


def test_many_threads_read_at_once() -> None:
    recent = Recent[int](30, lambda _: 1)
    wrong: list[dict[int, int]] = []

    def read(first: int) -> None:
        for start in range(first, first + 2000):
            numbers = [(start * 7 + step) % 50 for step in range(10)]
            if (found := recent.read(numbers, squares)) != dict(squares(numbers)):
                wrong.append(found)

    threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(recent) <= 30
