"""A probe judges with a reader of its own, and is nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.conftest import tiny_configs
from vasa import checkpoint
from vasa.cli.evaluate import judge_for
from vasa.config import instantiate, leaf
from vasa.evaluate.probe import Probe
from vasa.pipeline import Pipeline


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    reader = instantiate(leaf("reader", "tiny"))
    reader.face.bias.data.fill_(9.0)  # everything is a face
    checkpoint.save(tmp_path, reader, leaf("reader", "tiny"))
    return tmp_path


def test_a_probe_reads_every_frame_as_its_reader_does(folder: Path, pipe: Pipeline) -> None:
    frames = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    judge = judge_for(str(folder), pipe, [])
    assert isinstance(judge, Probe)
    seen, truth = judge(frames), checkpoint.load(folder)(frames)
    torch.testing.assert_close(seen.opening, truth.lip_opening, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(seen.angles, truth.pose[:, :3], atol=1e-5, rtol=1e-4)


def test_what_is_no_face_is_not_a_number(folder: Path) -> None:
    seen = Probe(folder, sure=1.1)(torch.rand(3, 3, 32, 32))
    assert seen.opening.isnan().all()
    assert seen.angles.isnan().all()


def test_another_checkpoint_is_no_probe(tmp_path: Path) -> None:
    config = tiny_configs()["audio"]
    checkpoint.save(tmp_path, instantiate(config), config)
    with pytest.raises(ValueError, match="a probe is a face reader"):
        Probe(tmp_path)


def test_the_probe_is_another_network_than_the_reader() -> None:
    names = [leaf("reader", name).backbone.name for name in ("mini", "probe")]
    assert names[0] != names[1]
    with torch.device("meta"):
        probe = instantiate(leaf("reader", "probe"))
    assert probe.backbone.strides[probe.fine] == 8
