"""Whether parts that are to be a pipeline fit together."""

from __future__ import annotations

from vasa.audio import AudioEncoder
from vasa.motion import MotionGenerator
from vasa.motion.handles import Handles
from vasa.render import Renderer


def check_fit(renderer: Renderer, motion: MotionGenerator | None, audio: AudioEncoder | None) -> None:
    """Raise ValueError, with both sides, unless the spaces, the clocks and the numbers of audio features are equal."""
    if motion is None and audio is None:
        return
    if motion is None or audio is None:
        raise ValueError("A motion generator and an audio encoder go together: give both, or neither.")
    wanted_dim = motion.start(1, seed=0).features.shape[-1]
    sides = {
        "motion space": (("renderer", renderer.space), ("motion generator", motion.space)),
        "frame rate": (("audio encoder", audio.clock.frame_rate), ("motion generator", motion.space.frame_rate)),
        "number of audio features": (("audio encoder", audio.dim), ("motion generator", wanted_dim)),
    }
    for what, ((left, has), (right, needs)) in sides.items():
        if has != needs:
            raise ValueError(
                f"These parts do not fit: the {left}'s {what} is {has}, the {right}'s is {needs}; "
                "take parts that were trained together."
            )


def check_handles(handles: Handles | None, renderer: Renderer) -> Handles | None:
    """The handles; raises ValueError where they are of other dynamics than the renderer's."""
    if handles is not None and handles.dynamics != renderer.space.dynamics:
        raise ValueError(
            f"The handles are of {handles.dynamics} dynamics, the renderer has {renderer.space.dynamics}; "
            "take those that `vasa extract` fitted with this renderer."
        )
    return handles
