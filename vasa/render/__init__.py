"""Renderers: one picture and motion latents become frames."""

from vasa.render.protocol import Renderer
from vasa.render.volume import VolumeRenderer

__all__ = ["Renderer", "VolumeRenderer"]
