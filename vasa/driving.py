"""Motion taken from a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, tee

import torch
from torch import Tensor

from vasa.clock import CLOCK, Clock
from vasa.face.crop import Crop
from vasa.face.detector import Detector, no_face
from vasa.face.tracking import Followed, Follows, track
from vasa.render import Renderer
from vasa.types import Motion


@dataclass(frozen=True)
class View:
    """What a renderer sees of one frame of a video [3, S, S], and how it was cut."""

    face: Tensor
    cut: Followed


def first_crop(frames: Iterable[Tensor], detector: Detector) -> Crop:
    """The crop of the face in the first frame [3, H, W] that shows one.

    Some videos begin grey or empty: a frame every fifth of a second is looked at, for two seconds. Raises the
    detector's own ValueError where none of them has a face.
    """
    missing: ValueError | None = None
    for frame in islice(frames, 0, 2 * CLOCK.frame_rate + 1, CLOCK.frame_rate // 5):
        try:
            return detector(frame)
        except ValueError as error:
            missing = missing or error
    raise missing or no_face()


def views(frames: Iterable[Tensor], detector: Detector, first: Crop, size_px: int) -> Iterator[View]:
    """The face in frames [3, H, W] of a video, which shows it in `first` as soon as it shows it.

    It is followed by detectors that can (`vasa.face.tracking.Follows`); others leave the crop where it is.
    """
    shown, looked_at = tee(frames)
    still = Followed(first, first)
    cuts = track(looked_at, detector, first) if isinstance(detector, Follows) else (still for _ in looked_at)
    return (View(cut.crop.crop(frame, size_px), cut) for frame, cut in zip(shown, cuts, strict=True))


def batches(items: Iterable[View], size: int) -> Iterator[list[View]]:
    """Items in lists of this size; the last one may be shorter."""
    rest = iter(items)
    while taken := list(islice(rest, size)):
        yield taken


def motion_in(renderer: Renderer, some: Sequence[View], device: torch.device) -> Motion:
    """The motion [1, T, M] in some views of a video.

    A crop that follows the head takes its place and size out of the picture: they are put back into the pose, which is
    told in the units of the first crop, as if all frames had been cut with that one.
    """
    motion = renderer.motion_of(torch.stack([view.face for view in some])[None].to(device))
    return Motion(at_home(motion.pose, [view.cut for view in some]), motion.dynamics)


def at_home(pose: Tensor, cuts: Sequence[Followed]) -> Tensor:
    """Poses [1, T, 6] in the units of each frame's own crop -> in those of its home (`vasa.geometry.pose_matrix`)."""
    rows = [_at_home(row, cut) for row, cut in zip(pose[0].cpu().double(), cuts, strict=True)]
    return torch.stack(rows)[None].to(pose)


def _at_home(pose: Tensor, cut: Followed) -> Tensor:
    yaw, pitch, roll, x, y, log_scale = pose
    x, y = cut.home.to_crop(cut.crop.to_picture(torch.stack([x, y])))
    larger = pose.new_tensor(cut.crop.size_px / cut.home.size_px).log()
    return torch.stack([yaw, pitch, roll + cut.crop.angle - cut.home.angle, x, y, log_scale + larger])


class Metered:
    """Sound handed out by the frame, silence once it has ended; reads blocks [n] no faster than it needs them."""

    def __init__(self, blocks: Iterator[Tensor], clock: Clock) -> None:
        self.blocks, self.clock, self.rest = blocks, clock, torch.zeros(0)

    def take(self, frames: int) -> Tensor:
        """The next samples, exactly this many frames' worth."""
        wanted = self.clock.samples(frames)
        while len(self.rest) < wanted and (block := next(self.blocks, None)) is not None:
            self.rest = torch.cat([self.rest, block])
        taken, self.rest = self.rest[:wanted], self.rest[wanted:]
        return torch.cat([taken, taken.new_zeros(wanted - len(taken))])
