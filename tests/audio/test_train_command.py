"""vasa train audio, from a corpus of tones to a checkpoint that loads."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from vasa import checkpoint
from vasa.audio.files import write_speech
from vasa.cli import people_speak, train_audio
from vasa.people import espeak
from vasa.people.phones import PHONES


@pytest.fixture(name="speech")
def _speech(tmp_path: Path) -> Path:
    folder = tmp_path / "speech"
    folder.mkdir()
    items = []
    for index, split in enumerate(("train", "test")):
        write_speech(folder / f"{index}.flac", 0.3 * np.sin(np.arange(25600) * 0.2))
        phones = [["SIL", 0.0, 0.2], ["M", 0.2, 1.0], ["AA", 1.0, 1.6]]
        items.append({"file": f"{index}.flac", "voice": "espeak-tone", "text": "", "split": split, "phones": phones})
    (folder / "speech.json").write_text(json.dumps({"version": 1, "phones": PHONES, "items": items}))
    return folder


def test_training_writes_an_encoder_and_goes_on(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [f"data.folder={speech}", f"output={tmp_path / 'run'}", "audio@encoder=tiny", "data.batch_s=2"]
    small += ["trainer.val_check_interval=2", "+trainer.enable_progress_bar=false", "trainer.accelerator=cpu"]
    small += ["save_minutes=0"]
    train_audio.run([*small, "training.steps=2"])
    assert "espeak: frames" in capsys.readouterr().out
    encoder = checkpoint.load(tmp_path / "run")
    assert encoder(torch.zeros(1, 6400)).shape == (1, 10, encoder.dim)
    train_audio.run([*small, "training.steps=3"])
    step = torch.load(tmp_path / "run" / "training" / "last.ckpt", weights_only=True)["global_step"]
    assert step >= 2


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match=r"data\.folder, output"):
        train_audio.run([])


@pytest.mark.skipif(not espeak.available(), reason="needs libespeak-ng")
def test_speak_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    people_speak.add(parser.add_subparsers())
    arguments = parser.parse_args(["speak", "--hours", "0.001", "-o", str(tmp_path / "c")])
    arguments.run(arguments)
    assert "Wrote 0.001 h" in capsys.readouterr().out
    assert (tmp_path / "c" / "speech.json").is_file()
