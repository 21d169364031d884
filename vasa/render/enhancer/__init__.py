"""Twice the pixels (MegaPortraits, high-resolution model)."""

from vasa.render.enhancer.renderer import EnhancedRenderer, Enhancer

__all__ = ["EnhancedRenderer", "Enhancer"]
