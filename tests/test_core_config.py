from __future__ import annotations

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from vasa import checkpoint, config

LINEAR = {"_target_": "torch.nn.Linear", "in_features": 3, "out_features": 2}


def test_trees_are_built():
    layer = config.instantiate(LINEAR)
    assert isinstance(layer, nn.Linear)
    assert config.instantiate({**LINEAR, "out_features": 5}, bias=False).bias is None


@pytest.mark.parametrize("target", ["os.system", "subprocess.run", "torch.hub.load", "builtins.eval"])
def test_other_modules_are_refused(target):
    with pytest.raises(ValueError, match="not among the classes"):
        config.instantiate({"_target_": "torch.nn.Sequential", "_args_": [{"_target_": target}]})


def test_an_alias_inside_an_allowed_module_is_refused():
    with pytest.raises(ValueError, match="not among the classes"):
        config.instantiate({"_target_": "vasa.store.tempfile.mkdtemp"})


LOADS = {"_target_": "vasa.checkpoint.load", "folder": "somewhere", "also": ["torch."]}
READS = {"_target_": "torch.load", "f": "weights.pt", "weights_only": False}


@pytest.mark.parametrize(
    "tree",
    [
        LOADS,
        {**LINEAR, "bias": LOADS},
        {**LINEAR, "bias": READS},
        {"_target_": "vasa.config.instantiate", "node": READS, "also": ["torch."]},
        {"_target_": "vasa.store.folder_of", "name": "somebody/something"},
        {"_target_": "vasa.people.speech_source.open_source", "voices": "their_module:run"},
        {"_target_": "vasa.cli.writing.write_report", "folder": "here"},
        {"_target_": "vasa.audio.files.write_speech", "path": "here.wav"},
        {"_target_": "vasa.media.video.VideoWriter", "path": "here.mp4"},
        {"_target_": "torch.nn.init.zeros_"},
        {"_target_": "vasa.render.volume.F.relu"},
        {"_target_": "vasa.render.readers.checkpoint.load", "folder": "somewhere"},
    ],
    ids=lambda tree: tree.get("bias", tree)["_target_"],
)
def test_what_a_stranger_s_model_names_is_built_of_model_parts_alone(tree):
    with pytest.raises(ValueError, match="not among the classes"):
        config.instantiate(tree)


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="'vasa.render.Nothing', which there is not"):
        config.instantiate({"_target_": "vasa.render.Nothing"})


def test_a_plug_in_is_allowed_by_name():
    tree = {"_target_": "collections.OrderedDict"}
    with pytest.raises(ValueError, match="collections"):
        config.instantiate(tree)
    assert config.instantiate(tree, also=("collections.",)) == {}


def test_an_unknown_leaf_lists_those_that_exist():
    with pytest.raises(ValueError, match="there are: .*mini"):
        config.leaf("renderer", "huge")


def test_a_checkpoint_comes_back(tmp_path):
    layer = config.instantiate(LINEAR)
    checkpoint.save(tmp_path / "layer", layer, LINEAR)
    again = checkpoint.load(tmp_path / "layer")
    assert not again.training
    torch.testing.assert_close(again.weight, layer.weight, rtol=0, atol=0)
    assert checkpoint.config_of(tmp_path / "layer") == OmegaConf.create(LINEAR)


def test_half_precision_storage_is_close(tmp_path):
    layer = config.instantiate(LINEAR)
    checkpoint.save(tmp_path, layer, LINEAR, half=True)
    again = checkpoint.load(tmp_path)
    assert again.weight.dtype == torch.float32
    torch.testing.assert_close(again.weight, layer.weight, rtol=1e-3, atol=1e-3)


def test_weights_that_do_not_fit_are_named(tmp_path):
    checkpoint.save(tmp_path, nn.Linear(4, 2), LINEAR)
    with pytest.raises(ValueError, match="1 of another shape"):
        checkpoint.load(tmp_path)
    checkpoint.save(tmp_path, nn.Linear(3, 2, bias=False), LINEAR)
    with pytest.raises(ValueError, match="1 missing"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("damage", ["config", "weights", "format"])
def test_damaged_checkpoints_say_so(tmp_path, damage):
    checkpoint.save(tmp_path, nn.Linear(3, 2), LINEAR)
    if damage == "config":
        (tmp_path / checkpoint.CONFIG).unlink()
    if damage == "weights":
        (tmp_path / checkpoint.WEIGHTS).write_bytes(b"not safetensors")
    if damage == "format":
        OmegaConf.save(OmegaConf.create({"format": 99, "model": LINEAR}), tmp_path / checkpoint.CONFIG)
    with pytest.raises(ValueError, match="no config.yaml|damaged|format 99"):
        checkpoint.load(tmp_path)


def test_a_failed_save_leaves_the_old_one(tmp_path, monkeypatch):
    layer = nn.Linear(3, 2)
    checkpoint.save(tmp_path, layer, LINEAR)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(tmp_path, nn.Linear(3, 2), LINEAR)
    torch.testing.assert_close(checkpoint.load(tmp_path).weight, layer.weight)
    assert {p.name for p in tmp_path.iterdir()} == {checkpoint.CONFIG, checkpoint.WEIGHTS}
