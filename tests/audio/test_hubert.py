from __future__ import annotations

import pytest
import torch

from tests.motion.joyvasa.small import small
from vasa.audio import window_features
from vasa.audio.hubert import HubertEncoder, mirrored
from vasa.config import instantiate
from vasa.testing import check_audio_encoder


@pytest.fixture(name="encoder")
def _encoder() -> HubertEncoder:
    torch.manual_seed(0)
    built: HubertEncoder = instantiate(small("audio", "hubert"))
    return built.eval()


def test_it_is_an_audio_encoder(encoder: HubertEncoder) -> None:
    check_audio_encoder(encoder)


def test_the_ends_are_mirrored_twice() -> None:
    samples = torch.arange(640.0)[None]
    padded = mirrored(mirrored(samples))[0]
    assert padded.shape == (720,)
    assert padded[:21].tolist() == list(range(0, 21))  # 20 mirrored again about -20 ... which is sample 20
    assert padded[20:41].tolist() == list(range(20, -1, -1))
    assert padded[40:680].equal(samples[0])


def test_every_window_is_heard_alone(encoder: HubertEncoder) -> None:
    samples = 0.1 * torch.randn(1, 640 * 30)
    alone = torch.cat([encoder(samples[:, : 6400 * 2]), encoder(samples[:, 6400 * 2 :])], dim=1)
    heard = window_features(encoder, samples, 20)
    torch.testing.assert_close(heard[:, :20], alone[:, :20])


def test_a_frame_is_the_mean_of_its_two_steps_and_loudness_counts(encoder: HubertEncoder) -> None:
    samples = 0.1 * torch.randn(1, 640 * 7)
    steps = encoder.model(mirrored(mirrored(samples))).last_hidden_state
    expected = encoder.features((steps[:, 0::2] + steps[:, 1::2]) / 2)
    torch.testing.assert_close(encoder(samples), expected)
    assert not torch.allclose(encoder(3 * samples), expected)


def test_samples_that_are_no_whole_frames_and_too_few_widths_are_refused(encoder: HubertEncoder) -> None:
    with pytest.raises(ValueError, match="641"):
        encoder(torch.zeros(1, 641))
    with pytest.raises(ValueError, match="7 convolutions; got 2 widths"):
        instantiate({**small("audio", "hubert").model, "convolutions": [8, 8]})
