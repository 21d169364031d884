"""Work done ahead of whoever needs it, so that steps one after another in a stream keep all cores busy at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
LOOK_S = 0.1  # how often a thread that waits looks whether it is still wanted


def ahead(items: Iterable[T], *, most: int = 1) -> Iterator[T]:
    """The same items in the same order, made in a thread of their own while the caller uses those before.

    At most so many wait, beside one in the making. An error comes where the next item would have come; where the caller
    stops early, so does the thread after its present item. What torch keeps for each thread, such as `no_grad`, has to
    be set where the items are made.
    """
    made: _Made[T] = _Made(most)
    worker = Thread(target=made.make, args=(items,), daemon=True, name="vasa-ahead")
    worker.start()
    try:
        yield from made.taken()
    finally:
        made.unwanted.set()
        worker.join()


class _Made(Generic[T]):
    """Items on their way from one thread to the other; `None` is the end."""

    def __init__(self, most: int) -> None:
        self.waiting: Queue[tuple[T] | BaseException | None] = Queue(most)
        self.unwanted = Event()

    def make(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                self._put((item,))
                if self.unwanted.is_set():
                    return
        except BaseException as error:  # it is the caller's
            self._put(error)
        else:
            self._put(None)

    def taken(self) -> Iterator[T]:
        while (got := self.waiting.get()) is not None:
            if isinstance(got, BaseException):
                raise got
            yield got[0]

    def _put(self, thing: tuple[T] | BaseException | None) -> None:
        while not self.unwanted.is_set():
            try:
                return self.waiting.put(thing, timeout=LOOK_S)
            except Full:
                continue
