"""Pipelines are written whole or not at all, come back the same, and build nothing that they should not."""

from __future__ import annotations

import pytest
import torch

import vasa
from tests.conftest import able_pipeline
from vasa import Pipeline
from vasa.motion.handles import Handles
from vasa.transfer import KeepPlace

RATE = 16_000


def test_saved_and_loaded_is_the_same(pipe, portrait, tone, whole, tmp_path):
    pipe.save_pretrained(tmp_path / "mine")
    again = Pipeline.from_pretrained(tmp_path / "mine", device="cpu")
    again.detector, again.batch = pipe.detector, pipe.batch
    assert torch.equal(again(portrait, (tone, RATE), seed=5).pixels, whole.pixels)
    with pytest.raises(ValueError, match="already there"):
        pipe.save_pretrained(tmp_path / "mine")
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_failed_save_leaves_nothing(pipe, tmp_path, monkeypatch):
    monkeypatch.setattr(vasa.checkpoint, "save_file", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(OSError, match="No space"):
        pipe.save_pretrained(tmp_path / "mine")
    assert not [*tmp_path.iterdir()]


def test_parts_without_configurations_cannot_be_saved(pipe, tmp_path):
    bare = Pipeline(pipe.renderer, pipe.motion, pipe.audio, pipe.detector)
    with pytest.raises(ValueError, match="configs="):
        bare.save_pretrained(tmp_path / "mine")


def test_unknown_names_list_those_that_exist(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="There is no model named 'nobody'; there are:"):
        Pipeline.from_pretrained("nobody")
    with pytest.raises(ValueError, match="no renderer and no motion and no audio"):
        Pipeline.from_pretrained(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match="the hub did not give it"):
        Pipeline.from_pretrained("nobody/nothing")


def test_a_saved_plug_in_is_loaded_where_its_module_is_named(pipe, tmp_path):
    home = Louder.__module__
    configs = pipe.configs | {"voice_transfer": {"_target_": f"{home}.Louder"}}
    Pipeline(pipe.renderer, pipe.motion, pipe.audio, configs=configs).save_pretrained(tmp_path / "own")
    with pytest.raises(ValueError, match="not among the classes"):
        Pipeline.from_pretrained(tmp_path / "own", device="cpu")
    loaded = Pipeline.from_pretrained(tmp_path / "own", device="cpu", also=(home,))
    assert isinstance(loaded.voice_transfer, Louder)


class Louder(KeepPlace):
    """A rule of a user's own."""


def test_handles_are_saved_with_the_pipeline(pipe, tmp_path):
    able = able_pipeline(pipe)
    able.save_pretrained(tmp_path / "mine")
    again = Pipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert again.handles.names == able.handles.names
    assert torch.equal(again.handles.direction, able.handles.direction)
    with pytest.raises(ValueError, match="The handles are of 3 dynamics"):
        Pipeline(pipe.renderer, handles=Handles(names=["lips"], dynamics=3))
