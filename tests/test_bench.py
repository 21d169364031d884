"""What `vasa bench` says of streams."""

from __future__ import annotations

import argparse
import re

from vasa.cli.bench import delay, live


def test_delay_is_sound_needed_and_computing(pipe, portrait, tone):
    said = delay(pipe, pipe.sitter(portrait), tone, 5, 0.04)
    assert re.fullmatch(
        r"0\.24 s of sound \+ \d+\.\d\d s of computing until the first frame \(5 frames at once, 0\.04 s heard ahead\)",
        said,
    )


def test_streams_stepped_together_have_a_real_time_factor(pipe, portrait, tone):
    asked = argparse.Namespace(stride=5, lookahead=None, sessions=3)
    said = live(pipe, pipe.sitter(portrait), tone, asked)
    assert re.fullmatch(r"3 at once, each \d+\.\d\d times as fast as its sound", said)
