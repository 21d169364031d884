"""From sound to features: the AudioEncoder protocol, wav2vec2, and the windows that make streams equal wholes."""

from __future__ import annotations

from vasa.audio.encoder import AudioEncoder
from vasa.audio.windows import encode_window, samples_around, window_features

__all__ = ["AudioEncoder", "encode_window", "samples_around", "window_features"]
