"""The published files: read safely, taken whole or refused in one sentence."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.motion.joyvasa.filling import filled, template, write
from tests.motion.joyvasa.small import small
from vasa import config
from vasa.audio.hubert import HubertEncoder
from vasa.motion.joyvasa import convert as converting
from vasa.motion.joyvasa import files, keys
from vasa.motion.joyvasa.convert import parts_from
from vasa.motion.joyvasa.generator import JoyVASAMotion


@pytest.fixture(name="parts")
def _parts(monkeypatch: pytest.MonkeyPatch) -> tuple[JoyVASAMotion, HubertEncoder]:
    """The real classes in a small size, which `parts_from` then expects too."""
    monkeypatch.setattr(converting, "leaf", small)
    return config.instantiate(small("motion", "joyvasa")), config.instantiate(small("audio", "hubert"))


@pytest.fixture(name="weights")
def _weights(parts: tuple[JoyVASAMotion, HubertEncoder]) -> dict[str, Tensor]:
    return filled(keys.shapes(parts[0].net, parts[1]))


def test_published_files_become_parts(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    made = parts_from(write(tmp_path, weights))
    motion, audio = made["motion"], made["audio"]
    assert torch.equal(motion.net.no_sound, weights["null_audio_feat"][0, 0])
    assert torch.equal(audio.features.bias, weights["audio_feature_map.bias"])
    assert torch.equal(motion.template.offset[:63], torch.from_numpy(template()["mean_exp"]))
    features = audio(torch.zeros(1, 640 * 20))
    assert motion.start(1, seed=0).features.shape[-1] == features.shape[-1]


def test_files_may_lie_flat_in_a_folder(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    write(tmp_path, weights)
    for name in (files.GENERATOR, files.TEMPLATE):
        (tmp_path / name).rename(tmp_path / Path(name).name)
    assert set(parts_from(tmp_path)) == {"motion", "audio"}


def test_the_cross_attention_becomes_one_map(
    weights: dict[str, Tensor], parts: tuple[JoyVASAMotion, HubertEncoder]
) -> None:
    """torch's own decoder layer, which sees the sound of its own frame alone, makes the same."""
    net, prefix = parts[0].net, f"{keys.LAYER}1."
    net.load_state_dict(keys.network_weights(weights, net))
    layer = torch.nn.TransformerDecoderLayer(16, 2, 32, activation="gelu", batch_first=True, dropout=0.0)
    layer.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
    block, (tokens, sound) = net.blocks[1], torch.randn(2, 2, 30, 16)
    expected = layer(tokens, sound, memory_mask=~torch.eye(30, dtype=torch.bool))
    torch.testing.assert_close(block(tokens, sound), expected, rtol=1e-4, atol=1e-5)


def test_old_names_of_the_positional_convolution_are_taken(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    place = "audio_encoder.encoder.pos_conv_embed.conv."
    old = {f"{place}parametrizations.weight.original{i}": f"{place}weight_{k}" for i, k in enumerate("gv")}
    parts_from(write(tmp_path, {old.get(name, name): value for name, value in weights.items()}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("audio_feature_map.bias"), r"1 weights missing \['audio_feature_map.bias'\]"),
        (lambda w: w.update(surprise=torch.zeros(1)), r"1 unexpected \['surprise'\]"),
        (lambda w: w.update(start_motion_feat=torch.zeros(1, 25, 73)), r"another shape \['start_motion_feat'\]"),
        (lambda w: w.update({"denoising_net.TE.pe": torch.zeros(1, 501, 16)}), r"another denoising_net\.TE\.pe"),
        (lambda w: w.update({"denoising_net.alignment_mask": torch.zeros(30, 30).bool()}), "another .*alignment_mask"),
        (lambda w: w.update({"diffusion_sched.alpha_bars": torch.ones(51)}), "another .*alpha_bars"),
        (lambda w: w.update({"diffusion_sched.alpha_bars": torch.ones(101)}), "another .*alpha_bars"),
    ],
)
def test_other_weights_are_refused(
    tmp_path: Path, weights: dict[str, Tensor], change: Callable[[dict[str, Tensor]], object], said: str
) -> None:
    change(weights)
    with pytest.raises(ValueError, match=said):
        parts_from(write(tmp_path, weights))


def test_the_right_tables_are_taken(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    k = torch.arange(51)
    signal = torch.cos((k / 50 + 0.008) / 1.008 * torch.pi / 2) ** 2
    table = {"denoising_net.alignment_mask": ~torch.eye(30, dtype=torch.bool), "diffusion_sched.betas": torch.zeros(51)}
    table |= {"diffusion_sched.alpha_bars": signal / signal[0]}
    parts_from(write(tmp_path, weights | table))


class Runs:
    """What a malicious pickle would do."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.mkdir, (Path("harm"),))


def test_nothing_in_the_files_is_run(
    tmp_path: Path, weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is no checkpoint of JoyVASA"):
        parts_from(write(tmp_path, weights, more=Runs()))
    write(tmp_path, weights)
    (tmp_path / files.TEMPLATE).write_bytes(pickle.dumps(template() | {"more": Runs()}))
    with pytest.raises(ValueError, match="which is no part of an array"):
        parts_from(tmp_path)
    assert not Path("harm").exists()


@pytest.mark.parametrize("name", [files.GENERATOR, files.TEMPLATE])
def test_damaged_files_are_named(tmp_path: Path, weights: dict[str, Tensor], name: str) -> None:
    path = write(tmp_path, weights) / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=f"{path.name} is no .* of JoyVASA"):
        parts_from(tmp_path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_template_of_any_age_is_read(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "template.pkl"
    path.write_bytes(pickle.dumps(template(), protocol))
    assert files.read_template(path).keys() == template().keys()


def test_other_templates_are_refused(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    write(tmp_path, weights)
    for change, said in (("min_t", "min_t is missing"), ("std_exp", "not above zero")):
        other = template()
        other[change] = np.zeros(63 if change == "std_exp" else 2, np.float32)
        (tmp_path / files.TEMPLATE).write_bytes(pickle.dumps(other))
        with pytest.raises(ValueError, match=said):
            parts_from(tmp_path)


def test_a_folder_without_them_says_what_it_needs(tmp_path: Path, parts: object) -> None:
    with pytest.raises(ValueError, match=f"has no {files.GENERATOR}; it needs .* of {files.REPOSITORY}"):
        parts_from(tmp_path)
