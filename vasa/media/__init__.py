"""Pictures, sound and video, in and out."""

from __future__ import annotations

from vasa.media.picture import load_picture, save_picture, to_pil
from vasa.media.sound import has_sound, load_sound, read_blocks
from vasa.media.video import VideoReader, VideoWriter

__all__ = [
    "VideoReader", "VideoWriter", "has_sound", "load_picture", "load_sound", "read_blocks", "save_picture", "to_pil",
]  # fmt: skip
