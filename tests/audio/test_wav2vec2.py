from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2Config, Wav2Vec2Model

from vasa.audio import AudioEncoder, encode_window, samples_around, window_features
from vasa.audio.wav2vec2 import Wav2Vec2Encoder
from vasa.config import instantiate, leaf

SIZES = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "conv_dim": (8,) * 7, "num_conv_pos_embeddings": 7, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip


@pytest.fixture(name="encoder")
def _encoder() -> Wav2Vec2Encoder:
    torch.manual_seed(0)
    built: Wav2Vec2Encoder = instantiate(leaf("audio", "tiny"))
    return built.eval()


def sound(frames: int, batch: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(batch, 640 * frames, generator=torch.Generator().manual_seed(frames))


def test_it_is_an_audio_encoder(encoder: Wav2Vec2Encoder) -> None:
    assert isinstance(encoder, AudioEncoder)


@pytest.mark.parametrize("frames", [1, 2, 7, 50])
def test_a_frame_for_every_640_samples(encoder: Wav2Vec2Encoder, frames: int) -> None:
    assert encoder(sound(frames, batch=2)).shape == (2, frames, encoder.dim)


def test_samples_that_are_no_whole_frames_are_refused(encoder: Wav2Vec2Encoder) -> None:
    with pytest.raises(ValueError, match="641"):
        encoder(torch.zeros(1, 641))


def test_a_click_moves_the_steps_around_it_alone(encoder: Wav2Vec2Encoder) -> None:
    """The convolutions see 400 samples, so a click in the middle of step 50 stays within its neighbours."""
    quiet, clicked = torch.zeros(1, 640 * 50), torch.zeros(1, 640 * 50)
    clicked[0, 320 * 50 + 160] = 1.0
    pad = (encoder.margin, encoder.margin)
    read = encoder.model.feature_extractor
    change = (read(torch.nn.functional.pad(clicked, pad)) - read(torch.nn.functional.pad(quiet, pad))).abs().sum(1)[0]
    assert change.nonzero().flatten().tolist() == [50]


def test_windows_of_pieces_equal_windows_of_the_whole(encoder: Wav2Vec2Encoder) -> None:
    whole, window = sound(35), 10
    features = window_features(encoder, whole, window)
    assert features.shape == (1, 35, encoder.dim)
    pieces = [encode_window(encoder, samples_around(encoder, whole, first, window)) for first in (0, 10, 20, 30)]
    torch.testing.assert_close(torch.cat(pieces, dim=1)[:, :35], features, rtol=0, atol=0)
    # A stream at frame 20 has heard no more than its look-ahead.
    heard = whole[:, : 640 * (20 + 2)]
    torch.testing.assert_close(window_features(encoder, heard, window)[:, :20], features[:, :20], rtol=0, atol=0)


def test_sound_beyond_the_lookahead_and_before_the_context_does_not_matter(encoder: Wav2Vec2Encoder) -> None:
    samples = sound(60).requires_grad_()
    window_features(encoder, samples, 10)[:, 20:30].square().sum().backward()
    assert samples.grad is not None
    touched = samples.grad[0].nonzero().flatten()
    assert touched.min() >= 640 * (20 - 10)
    assert touched.max() < 640 * (30 + 2)
    assert touched.max() >= 640 * 30


def test_a_window_without_room_is_refused(encoder: Wav2Vec2Encoder) -> None:
    with pytest.raises(ValueError, match="12 frames"):
        encode_window(encoder, sound(12))


@pytest.mark.parametrize(("model", "config"), [(Wav2Vec2Model, Wav2Vec2Config), (HubertModel, HubertConfig)])
def test_published_models_load_from_a_folder(tmp_path: Path, model: type, config: type) -> None:
    theirs = model(config(**SIZES)).eval()
    theirs.save_pretrained(tmp_path)
    ours = Wav2Vec2Encoder.from_pretrained(str(tmp_path), context_s=0.4, lookahead_s=0.08)
    samples = sound(10)
    assert ours(samples).shape == (1, 10, 16)
    normal = (samples - samples.mean()) / (samples.std(correction=0) + 1e-5)
    expected = theirs(torch.nn.functional.pad(normal, (40, 40))).last_hidden_state
    torch.testing.assert_close(ours.steps(samples), expected)


def test_layer_and_normalize_change_the_features() -> None:
    torch.manual_seed(0)
    model = Wav2Vec2Model(Wav2Vec2Config(**SIZES)).eval()
    keywords = {"model": model, "context_s": 0.4, "lookahead_s": 0.08}
    samples = 5 * sound(5)
    plain = Wav2Vec2Encoder(**keywords)(samples)
    first = Wav2Vec2Encoder(**keywords, layer=1)(samples)
    assert not torch.allclose(plain, first)
    torch.testing.assert_close(Wav2Vec2Encoder(**keywords, layer=2)(samples), plain)
    normal = Wav2Vec2Encoder(**keywords, normalize=True)
    torch.testing.assert_close(normal(samples), normal(3 * samples), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "said"), [({"layer": 9}, "layer 9"), ({"context_s": 0.5}, "context_s"), ({"lookahead_s": -1}, "-1")]
)
def test_settings_that_do_not_fit_are_named(change: dict[str, float], said: str) -> None:
    settings = {"model": Wav2Vec2Model(Wav2Vec2Config(**SIZES)), "context_s": 0.4, "lookahead_s": 0.08}
    with pytest.raises(ValueError, match=said):
        Wav2Vec2Encoder(**(settings | change))  # type: ignore[arg-type]


def test_several_layers_lie_side_by_side():
    model = instantiate(leaf("audio", "tiny")["model"])
    sound = torch.randn(1, 640 * 4)

    def encoder(layer):
        return Wav2Vec2Encoder(model=model, context_s=0.0, lookahead_s=0.0, layer=layer).eval()

    both = encoder([0, 1])
    assert both.dim == 2 * encoder(0).dim
    torch.testing.assert_close(both(sound), torch.cat([encoder(0)(sound), encoder(1)(sound)], dim=-1))
    with pytest.raises(ValueError, match="layers 0 to 1; got layer 7"):
        encoder([0, 7])
