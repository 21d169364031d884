"""JoyVASA's motion generator, which speaks LivePortrait's motion space."""

from __future__ import annotations

from vasa.motion.joyvasa.denoiser import Denoiser
from vasa.motion.joyvasa.generator import JoyVASAMotion

__all__ = ["Denoiser", "JoyVASAMotion"]
