"""Motion: from sound and controls to what a face does."""

from __future__ import annotations

from vasa.motion.generator import DiffusionMotion
from vasa.motion.protocol import MotionGenerator, MotionState

__all__ = ["DiffusionMotion", "MotionGenerator", "MotionState"]
