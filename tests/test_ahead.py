"""Items made ahead: the same ones, in another thread, and no more than were asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from vasa.ahead import ahead


def test_items_are_the_same_and_made_elsewhere() -> None:
    made_in: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(5):
            made_in.append(threading.get_ident())
            yield number

    assert [*ahead(numbers())] == [0, 1, 2, 3, 4]
    assert threading.get_ident() not in made_in


def test_the_next_item_is_made_while_one_is_used() -> None:
    """The maker only goes on after the user has begun with the first item, and the user only ends after the second is
    made: one after the other would never end."""
    begun, second = threading.Event(), threading.Event()

    def items() -> Iterator[str]:
        yield "first"
        assert begun.wait(60)
        second.set()
        yield "second"

    taken = ahead(items())
    assert next(taken) == "first"
    begun.set()
    assert second.wait(60)
    assert [*taken] == ["second"]


def test_an_error_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    taken = ahead(items())
    assert next(taken) == 1
    with pytest.raises(ValueError, match="no more"):
        next(taken)


@pytest.mark.parametrize("most", [1, 3])
def test_the_thread_ends_with_the_caller_and_makes_no_more_than_may_wait(most: int) -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield made[-1]

    before = threading.active_count()
    taken = ahead(endless(), most=most)
    assert next(taken) == 0
    taken.close()
    assert threading.active_count() == before
    assert len(made) <= 1 + most + 1  # taken, waiting, in the making
