"""Processes that film: none is left behind. This file imports little, because they import it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from vasa.people.crew import at_work


def test_nobody_films_on_when_the_parent_was_killed() -> None:
    """The parent is killed while its worker sleeps; the worker never gets to say that it woke."""
    code = "from tests.people.test_crew import sleeping_crew; sleeping_crew()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "asleep\n"
    parent.kill()
    assert parent.stdout.read() == ""  # the worker holds the other end of this pipe for as long as it lives
    parent.wait()


def sleeping_crew() -> None:
    with at_work(_sleep, None, [[0]]) as reports:
        assert next(reports) == 0
        print("asleep", flush=True)
        time.sleep(20)


def _sleep(_task: None, _numbers: list[int], report: Callable[[int], None]) -> None:
    report(0)
    time.sleep(20)
    print("awake", flush=True)


def test_every_report_is_heard_and_a_mistake_is_raised() -> None:
    with at_work(_double, 10, [[1, 3], [], [2]]) as reports:
        assert sorted(reports) == [12, 14, 16]
    with at_work(_double, 0, [[1]]) as reports, pytest.raises(ValueError, match="nothing to double"):
        next(reports)


def _double(task: int, numbers: list[int], report: Callable[[int], None]) -> None:
    if not task:
        raise ValueError("There is nothing to double.")
    for number in numbers:
        report(task + 2 * number)
