"""Processes that film together, and none of which is left behind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from queue import Empty
from threading import Thread
from typing import TypeVar

Task = TypeVar("Task")
Report = TypeVar("Report")
Work = Callable[[Task, list[int], Callable[[Report], None]], None]


@contextmanager
def at_work(work: Work[Task, Report], task: Task, shares: list[list[int]]) -> Iterator[Iterator[Report]]:
    """Let a process for each share of the numbers call work(task, share, report); yields their reports, one a number.

    Hearing them raises ValueError where one met a caller's mistake or is gone. All end with the block, or with us.
    """
    context = multiprocessing.get_context("spawn")
    heard: Queue[Report | str] = context.Queue()
    crew = [context.Process(target=_run, args=(work, task, share, heard), daemon=True) for share in shares if share]
    for worker in crew:
        worker.start()
    try:
        yield (_next(heard, crew) for share in shares for _ in share)
    finally:
        for worker in crew:
            worker.terminate()
            worker.join()


def _next(heard: Queue[Report | str], crew: list[SpawnProcess]) -> Report:
    while True:
        try:
            report = heard.get(timeout=2)
        except Empty:
            if any(worker.exitcode for worker in crew):
                raise ValueError("A filming process was killed, perhaps for memory; use fewer workers.") from None
            continue
        if isinstance(report, str):
            raise ValueError(report)
        return report


def _run(work: Work[Task, Report], task: Task, share: list[int], heard: Queue[Report | str]) -> None:
    os.environ.setdefault("LP_NUM_THREADS", "0")  # one core each, where Mesa draws in software
    Thread(target=_leave_with_parent, daemon=True).start()
    try:
        work(task, share, heard.put)
    except (ValueError, OSError) as error:
        heard.put(str(error))


def _leave_with_parent() -> None:
    """End this process when the one that started it has ended, however that came."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
