from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.data.latents import Latents


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    for group in ("renderer", "audio"):
        checkpoint.save(tmp_path / group, instantiate(leaf(group, "tiny")), leaf(group, "tiny"))
    return tmp_path


def _extract(film: Path, parts: Path) -> int:
    words = ["--renderer", str(parts / "renderer"), "--audio", str(parts / "audio"), "-o", str(parts / "latents")]
    return main(["extract", str(film), *words])


def test_a_film_becomes_latents_that_fit_the_renderer(parts: Path) -> None:
    film = make_film(parts / "film")
    assert _extract(film, parts) == 0
    latents, renderer = Latents.load(parts / "latents"), checkpoint.load(parts / "renderer")
    assert latents.space == renderer.space  # the measured space is noted in the checkpoint
    assert len(latents.split("train")) == 2
    motion = torch.cat([track.motion for track in latents.split("train")])
    torch.testing.assert_close(motion.mean(0), torch.zeros(renderer.space.size), atol=1e-2, rtol=0)


def test_clips_of_random_expressions_are_left_out(parts: Path) -> None:
    film = make_film(parts / "film")
    path = film / "clips" / "000000" / "clip.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kind": "expression"}))
    assert _extract(film, parts) == 0
    assert not (parts / "latents" / "000000.safetensors").exists()


def test_a_folder_without_a_film_is_refused(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _extract(parts, parts) == 2
    assert "holds no film" in capsys.readouterr().err
    assert not (parts / "latents").exists()
