"""vasa: one portrait and one voice become a talking face."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vasa.clock import CLOCK, Clock
    from vasa.opening import Opening
    from vasa.pipeline import Pipeline, Session
    from vasa.space import MotionSpace
    from vasa.together import Together
    from vasa.types import Controls, Motion, Portrait
    from vasa.video import Video

__version__ = "0.1.0"
_HOMES = {
    "CLOCK": "clock", "Clock": "clock", "Pipeline": "pipeline", "Session": "pipeline", "MotionSpace": "space",
    "Opening": "opening", "Controls": "types", "Motion": "types", "Portrait": "types", "Together": "together",
    "Video": "video",
}  # fmt: skip
__all__ = [
    "CLOCK", "Clock", "Controls", "Motion", "MotionSpace", "Opening", "Pipeline", "Portrait", "Session", "Together",
    "Video",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vasa' has no attribute {name!r}")
    return getattr(import_module(f"vasa.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
