"""What commands refuse before anything is computed; those of `vasa animate` are in `test_cli`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vasa.cli import main

REFUSED = {
    "no threads": (["bench", "--threads", "0"], "--threads is at least 1"),
    "no threads for a renderer": (["bench", "renderer", "--threads", "0"], "--threads is at least 1"),
    "threads of a training": (["train", "motion", "data.folder=x", "output=y", "threads=-1"], "threads is a whole"),
    "seed of a training": (["train", "motion", "data.folder=x", "output=y", "seed=abc"], "seed is a whole"),
    "nothing to keep": (["train", "audio", "data.folder=x", "output=y", "training.keep=1"], "name it with init=FOLDER"),
    "no workers": (["people", "speak", "--hours", "1", "--workers", "0", "-o", "OUT/sp"], "--workers is at least 1"),
    "no hours": (["people", "speak", "--hours", "0", "-o", "OUT/sp"], "--hours is more than 0"),
    "a crowd that talks": (
        ["people", "show", "1", "--crowd", "4", "--seconds", "3", "--avatars", "OUT", "-o", "OUT/a.png"], "leave it out"
    ),
    "a model of a leaf": (["info", "--renderer", "tiny", "--model", "mini"], "leave out --model and --device"),
    "no film to read": (["evaluate", "OUT/none", "--reader", "-o", "OUT/report"], "There is no folder"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "complaint"), REFUSED.values(), ids=REFUSED)
def test_it_is_one_sentence_and_nothing_is_left_behind(
    words: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = main([word.replace("OUT", str(tmp_path)) for word in words]), capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert re.fullmatch(rf"vasa: .*{complaint}.*\n", said.err), said.err
    assert not [*tmp_path.iterdir()]
