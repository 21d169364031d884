"""Published weights become vasa's parts: from .pth and safetensors files, with plain words for what is wrong."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch
from safetensors.torch import save_file

from tests.conftest import WholePicture
from tests.hub import serving
from tests.motion.joyvasa import filling as joyvasa
from tests.motion.joyvasa.small import small as joyvasa_small
from tests.render.liveportrait.conftest import small_config
from tests.render.liveportrait.filling import fill, published_shapes
from vasa import Pipeline, store
from vasa.cli import main
from vasa.config import instantiate
from vasa.media.video import VideoWriter
from vasa.motion.joyvasa import keys
from vasa.published.liveportrait import NETWORKS
from vasa.render.liveportrait.keys import HEADS
from vasa.render.liveportrait.transfer import Relative


@pytest.fixture(scope="module")
def weights():
    """Small stand-ins for the five files: {file: {key: value}}, the heads nested."""
    with torch.device("meta"):
        published = fill(published_shapes(instantiate(small_config()).state_dict()))
    files = {name: {} for name in (*NETWORKS, HEADS)}
    for name, value in published.items():
        network, _, key = name.partition("/")
        if network in files:
            files[network][key] = value
        else:
            files[HEADS].setdefault(network.removeprefix(f"{HEADS}."), {})[f"module.{key}"] = value
    return files


@pytest.fixture
def originals(weights, tmp_path, monkeypatch):
    """A folder with the .pth files laid out as published, and an empty cache."""
    monkeypatch.setattr("vasa.published.liveportrait.leaf", lambda *_: small_config())
    monkeypatch.setenv("VASA_CACHE", str(tmp_path / "cache"))
    for name, values in weights.items():
        inside = tmp_path / "files" / "liveportrait" / ("retargeting_models" if name == HEADS else "base_models")
        inside.mkdir(parents=True, exist_ok=True)
        torch.save(values, inside / f"{name}.pth")
    return tmp_path / "files"


def test_fetched_once_and_used_by_name(originals, tmp_path, capsys):
    assert main(["fetch", "liveportrait", "--source", str(originals)]) == 0
    assert "use it with --model liveportrait" in capsys.readouterr().out
    pipe = Pipeline.from_pretrained("liveportrait", device="cpu")
    assert pipe.video_transfer == Relative.of("all")
    assert repr(pipe) == "Pipeline(64 px, no voice, 25 fps, cpu)"
    pipe.save_pretrained(tmp_path / "mine")
    assert Pipeline.from_pretrained(tmp_path / "mine", device="cpu").voice_transfer == Relative.of("all")


def test_a_renderer_alone_reenacts_and_does_not_speak(originals, tmp_path):
    store.kept("liveportrait", originals)
    pipe = Pipeline.from_pretrained("liveportrait", device="cpu")
    pipe.detector, pipe.batch = WholePicture(), 2
    with VideoWriter(tmp_path / "driving.mp4", (64, 64), sound=False) as writer:
        writer.write(torch.rand(3, 3, 64, 64))
    portrait = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    video = pipe.reenact(portrait, tmp_path / "driving.mp4")
    assert video.pixels.shape == (3, 3, 64, 64)
    torch.testing.assert_close(video.motion.pose[:, :1], pipe.sitter(portrait).portrait.motion.pose, atol=1e-4, rtol=0)
    with pytest.raises(ValueError, match="has no voice"):
        pipe(portrait, (torch.zeros(1600), 16_000))


def test_safetensors_copies_give_the_same(weights, originals, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    for name in NETWORKS:
        save_file(weights[name], folder / f"{name}.safetensors")
    flat = {f"{head}_module.{key}": v for head, inner in weights[HEADS].items() for key, v in inner.items()}
    save_file(flat, folder / f"{HEADS}.safetensors")
    one = store.published.make("liveportrait", tmp_path, originals).parts["renderer"].state_dict()
    other = store.published.make("liveportrait", tmp_path, folder).parts["renderer"].state_dict()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value)


def complaint(folder, capsys) -> str:
    assert main(["fetch", "liveportrait", "--source", str(folder)]) == 2
    return capsys.readouterr().err


def test_what_is_wrong_with_files_is_said(weights, originals, capsys):
    file = originals / "liveportrait" / "base_models" / "warping_module.pth"
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    assert "warping_module.pth is damaged" in complaint(originals, capsys)
    torch.save(print, file)
    assert "is damaged or no file of weights" in complaint(originals, capsys)
    torch.save(weights["spade_generator"], file)
    assert "are not LivePortrait's: " in (said := complaint(originals, capsys))
    assert "missing ['warping_module/dense_motion_network.compress.bias'" in said
    torch.save(weights["warping_module"] | {"fourth.bias": torch.zeros(5)}, file)
    assert "1 of another shape ['warp.fourth.bias']" in complaint(originals, capsys)
    file.unlink()
    assert "it has no warping_module.pth; add" in complaint(originals, capsys)
    assert not (originals.parent / "cache" / "liveportrait").exists()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of what the hub gave."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return monkeypatch


@pytest.fixture
def voice(tmp_path, monkeypatch):
    """A folder with JoyVASA's files as published, small."""
    for place in ("vasa.motion.joyvasa.convert", "vasa.published.joyvasa"):
        monkeypatch.setattr(f"{place}.leaf", joyvasa_small)
    with torch.device("meta"):
        net, encoder = (instantiate(joyvasa_small(*leaf)) for leaf in (("motion", "joyvasa"), ("audio", "hubert")))
    (tmp_path / "voice").mkdir()
    return joyvasa.write(tmp_path / "voice", joyvasa.filled(keys.shapes(net.net, encoder)))


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_one_name_fetches_both_models_says_what_it_costs_and_never_asks_again(originals, voice, hub, capfd):
    published = {"KwaiVGI/LivePortrait": contents(originals) | {"README.md": b"not asked for"}}
    published["jdh-algo/JoyVASA"] = contents(voice) | {"motion_generator/older.pt": b"not asked for"}
    with serving(published) as (address, given):
        hub.setattr("huggingface_hub.constants.ENDPOINT", address)
        url = address + "/{repo_id}/resolve/{revision}/{filename}"
        hub.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", url)
        first = Pipeline.from_pretrained("liveportrait+joyvasa", device="cpu")
    assert sorted(given) == sorted([*contents(originals), *contents(voice)])
    said = " ".join(capfd.readouterr().err.split())
    one, two = (said.index(f"Fetching {words}, once. Its licence: MIT.") for words in (
        "LivePortrait from KwaiVGI/LivePortrait, 520 MB", "JoyVASA from jdh-algo/JoyVASA, 415 MB"))  # fmt: skip
    assert one < said.index("Fetching 5 files: 0%") < said.index("Fetching 5 files: 100%") < two  # the size, then a bar
    assert two < said.index("Fetching 2 files: 0%")
    again = Pipeline.from_pretrained("liveportrait+joyvasa", device="cpu")  # nothing serves any more
    assert capfd.readouterr().err == ""
    for part in ("renderer", "motion", "audio"):
        for name, value in getattr(first, part).state_dict().items():
            assert torch.equal(getattr(again, part).state_dict()[name], value)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("liveportrait", r"appearance_feature_extractor\.pth, .*, stitching_retargeting_module\.pth"),
        ("joyvasa", r"motion_generator_hubert_chinese\.pt, motion_template\.pkl"),
    ],
)
def test_without_a_network_the_files_and_the_folder_are_named(originals, hub, name, files):
    hub.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=rf"put {files} into .*originals/{name}\.$"):
        store.folder_of(name)


def test_what_is_kept_already_is_not_fetched_again_in_its_place(originals):
    store.kept("liveportrait", originals)
    with pytest.raises(ValueError, match="liveportrait is kept already; remove it first"):
        store.kept("liveportrait", "somebody/else")


@pytest.mark.parametrize("name", store.published.NAMES)
def test_every_published_model_says_what_it_is_and_how_it_is_joined(name):
    model = import_module(f"vasa.published.{name}")
    assert model.ORIGINALS.licence
    assert model.ORIGINALS.megabytes > 100
    assert set(model.JOINTS) <= set(store.JOINTS)
    assert all(callable(instantiate(tree)) for tree in model.JOINTS.values())


def test_files_on_the_shelf_are_found(originals):
    shelf = store.cache() / "originals" / "liveportrait"
    shelf.parent.mkdir(parents=True)
    originals.rename(shelf)
    assert Pipeline.from_pretrained("liveportrait", device="cpu").renderer.image_size == 64


def test_names_joined_by_plus_take_parts_of_both(originals, pipe, tmp_path):
    pipe.save_pretrained(tmp_path / "voice")
    store.kept("liveportrait", originals)
    (tmp_path / "voice" / "renderer").rename(tmp_path / "renderer")
    found = store.find(f"liveportrait+{tmp_path / 'voice'}")
    assert {part: folder.parent.name for part, folder in found.parts.items()} == {
        "renderer": "liveportrait", "motion": "voice", "audio": "voice",
    }  # fmt: skip
    assert set(found.joints) == {"detector", "video_transfer", "voice_transfer"}
    with pytest.raises(ValueError, match="has no renderer"):
        store.find(tmp_path / "voice")
    with pytest.raises(ValueError, match=r"These parts do not fit: .*motion space .*liveportrait"):
        Pipeline.from_pretrained(f"liveportrait+{tmp_path / 'voice'}")
