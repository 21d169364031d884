"""The whole way from a portrait and a voice to a talking face."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vasa import checkpoint, device, store
from vasa.ahead import ahead
from vasa.audio import AudioEncoder
from vasa.audio.windows import LookingAhead
from vasa.clock import CLOCK, Clock
from vasa.config import instantiate
from vasa.driving import Metered, batches, first_crop, motion_in, views
from vasa.easing import eased, whole_ease
from vasa.face.default import default_detector
from vasa.face.detector import Detector
from vasa.fitting import check_fit, check_handles
from vasa.media.picture import Picture, load_picture
from vasa.media.sound import Sound, has_sound, load_sound, read_blocks
from vasa.media.video import VideoReader
from vasa.motion import MotionGenerator
from vasa.motion.edits import Edited, LipsOnly
from vasa.motion.handles import Handles
from vasa.opening import AS_IT_MOVES, Opener, Opening, check_opening
from vasa.placing import usual_place
from vasa.render import Renderer
from vasa.render.compiled import Render, warmed_up
from vasa.render.speed import channels_last, fast
from vasa.session import Piece, Session, Show, Window
from vasa.shipped import DEFAULT
from vasa.sitter import Sitter
from vasa.stage import Stage
from vasa.staying import StayNear
from vasa.tracks import SavedTrack
from vasa.transfer import KeepPlace, Track, Transfer
from vasa.types import Controls, Edit, Motion, checked
from vasa.video import Video, to_perform

NOTHING_ASKED = Controls()


class Pipeline:
    """Holds the parts, checks that they fit, and runs them; it remembers nothing between calls.

    renderer, motion, audio: see the protocols; without motion and audio it can `reenact` only. detector: finds the face
    (default: the face reader that ships). handles: where lips, blinks and gaze are, for edits. video_transfer,
    voice_transfer: how motion seen in a video or made from a voice becomes the portrait's (default: as it comes, the
    head kept in its place, `KeepPlace`; for voices also near the portrait's own angles, `StayNear`). configs: the
    `_target_` tree of each, for `save_pretrained`. batch: frames decoded at once. Raises ValueError where parts do not
    fit.
    """

    def __init__(
        self, renderer: Renderer, motion: MotionGenerator | None = None, audio: AudioEncoder | None = None,
        detector: Detector | None = None, *, handles: Handles | None = None, video_transfer: Transfer | None = None,
        voice_transfer: Transfer | None = None, configs: Mapping[str, store.Config] | None = None, batch: int = 10,
    ) -> None:  # fmt: skip
        check_fit(renderer, motion, audio)
        self.renderer, self.motion, self.audio, self.handles = renderer, motion, audio, check_handles(handles, renderer)
        self.detector = default_detector() if detector is None else detector
        self.video_transfer = video_transfer or KeepPlace()
        self.voice_transfer = voice_transfer or StayNear(usual_place(renderer.space).tolist(), handles=self.handles)
        self.configs, self.batch, self.device = configs, batch, torch.device("cpu")
        self._compiled: Render | None = None

    @classmethod
    def from_pretrained(
        cls, name: Path | str = DEFAULT, *, device: str | None = None, also: Sequence[str] = ()
    ) -> Self:  # fmt: skip
        """A shipped name, a folder or a hub id, on the best device there is unless one is named; raises ValueError.

        Without a name: the best of the models that ship, `vasa.shipped.DEFAULT`. also: modules whose parts may be
        built, too, such as ("my_renderer.",); a model that names any other is refused.
        """
        return cls.of(store.find(name), also=also).to(device)

    @classmethod
    def of(cls, found: store.Found, *, also: Sequence[str] = ()) -> Self:
        """The pipeline of parts on disk and what joins them; raises ValueError where they do not fit."""
        parts = {part: checkpoint.load(folder, also=also) for part, folder in found.parts.items()}
        configs = {part: checkpoint.config_of(folder) for part, folder in found.parts.items()}
        joints = {joint: instantiate(tree, also=also) for joint, tree in found.joints.items()}
        return cls(**parts, **joints, configs=configs | found.joints)

    def save_pretrained(self, folder: Path | str, *, half: bool = False) -> None:
        """Write all parts to a new folder, whole or not at all, in half precision if asked; raises ValueError."""
        if self.configs is None:
            raise ValueError("This pipeline was made from parts; give it their configs=, so that they can be rebuilt.")
        store.save(folder, self._modules(), self.configs, half=half)

    @property
    def clock(self) -> Clock:
        """Frames and samples a second."""
        return self.audio.clock if self.audio else CLOCK

    def to(self, name: str | None) -> Self:
        """Compute on this device ("cpu", "cuda", "mps"), or on the best one there is; raises ValueError."""
        self.device = device.choose(name)
        for module in self._modules().values():
            channels_last(module.to(self.device))
        return self

    def compile(self, *, backend: str = "inductor") -> float:
        """Let torch compile what every frame costs, and give back the seconds that this warm-up took.

        Long videos gain, short ones do not. Raises ValueError where torch cannot compile on this machine.
        """
        started = time.perf_counter()
        self._compiled = warmed_up(self.renderer, frames=self.batch, device=self.device, backend=backend)
        return time.perf_counter() - started

    def __call__(
        self, portrait: Picture | Sitter, speech: Sound, controls: Controls = NOTHING_ASKED, seed: int = 0,
        *, stride: int | None = None, paste: bool = True, opening: Opening = AS_IT_MOVES,
        lookahead_s: float | None = None, ease_s: float = 0.0, edits: Sequence[Edit] = (),
    ) -> Video:  # fmt: skip
        """A portrait that says what the voice says.

        portrait: a file, PIL picture, array or tensor. speech: a file, or (samples, rate in Hz). controls: what you ask
        for beyond the sound. stride: frames made at once. paste: put the face back into the whole picture, or show it
        alone. lookahead_s: sound heard ahead (default: the audio encoder's). ease_s: time in which
        the face leaves its picture's own motion and, after the sound, comes back to it. edits: changes to the motion,
        see `vasa.motion.edits`. opening: how far eyes and lips open, for renderers that can be asked. Raises ValueError
        and OSError.
        """
        pieces = self.play(
            portrait, speech, controls, seed,
            stride=stride, paste=paste, lookahead_s=lookahead_s, ease_s=ease_s, edits=edits, opening=opening,
        )  # fmt: skip
        return Video.of(pieces, self.clock)

    def play(
        self, portrait: Picture | Sitter, speech: Sound, controls: Controls = NOTHING_ASKED, seed: int = 0,
        *, stride: int | None = None, paste: bool = True, opening: Opening = AS_IT_MOVES,
        lookahead_s: float | None = None, ease_s: float = 0.0, edits: Sequence[Edit] = (),
    ) -> Iterator[Piece]:  # fmt: skip
        """The same, a few frames at a time; the memory it takes does not depend on the length of the sound."""
        sound = read_blocks(speech, self.clock)
        session = self.session(
            portrait, controls, seed,
            stride=stride, paste=paste, lookahead_s=lookahead_s, ease_s=ease_s, edits=edits, opening=opening,
        )  # fmt: skip
        return self._spoken(session, ahead(session.heard(sound)))

    def stream(
        self, portrait: Picture | Sitter, chunks: Iterable[Tensor], controls: Controls = NOTHING_ASKED, seed: int = 0,
        *, stride: int | None = None, paste: bool = True, opening: Opening = AS_IT_MOVES,
        lookahead_s: float | None = None, ease_s: float = 0.0, edits: Sequence[Edit] = (),
    ) -> Iterator[Tensor]:  # fmt: skip
        """Mono 16 kHz float chunks [S], of any lengths, as they come -> frames [T, 3, H, W] in [0, 1], as they come."""
        session = self.session(
            portrait, controls, seed,
            stride=stride, paste=paste, lookahead_s=lookahead_s, ease_s=ease_s, edits=edits, opening=opening,
        )  # fmt: skip
        return (piece.frames for piece in self._spoken(session, session.heard(chunks)))

    def session(
        self, portrait: Picture | Sitter, controls: Controls = NOTHING_ASKED, seed: int = 0,
        *, stride: int | None = None, paste: bool = True, opening: Opening = AS_IT_MOVES,
        lookahead_s: float | None = None, ease_s: float = 0.0, edits: Sequence[Edit] = (),
    ) -> Session:  # fmt: skip
        """One face that waits for sound: `push` samples, get frames, `flush` at the end."""
        check_opening(opening, self.renderer, self.detector)
        sitter, asked = self.sitter(portrait, paste=paste), checked(controls).to(self.device)
        track, opener = Track(self.voice_transfer, sitter.portrait, asked.pose), self._opener(opening, sitter)

        def show(motion: Motion, own: Tensor) -> Iterator[tuple[Tensor, Motion]]:
            return self._show(sitter, eased(opener(track(motion)), sitter.portrait.motion, own))

        ease = whole_ease(ease_s, self.clock)
        return self._session(sitter, show, asked, seed, stride=stride, lookahead_s=lookahead_s, ease=ease, edits=edits)

    def reenact(
        self, portrait: Picture | Sitter, video: Path | str, *, paste: bool = True,
        opening: Opening = AS_IT_MOVES, edits: Sequence[Edit] = (),
    ) -> Video:  # fmt: skip
        """A portrait that moves as the face in a video does, with its sound; raises ValueError and OSError."""
        return Video.of(self.follow(portrait, video, paste=paste, opening=opening, edits=edits), self.clock)

    def follow(
        self, portrait: Picture | Sitter, video: Path | str, *, paste: bool = True,
        opening: Opening = AS_IT_MOVES, edits: Sequence[Edit] = (),
    ) -> Iterator[Piece]:  # fmt: skip
        """The same, a few frames at a time.

        The face is followed through the video by detectors that can, and its head's place and size are told as they
        change in the picture, wherever the crop went: see `vasa.driving`. `video_transfer` says how its motion becomes
        the portrait's: usually angles and expression are taken as seen, place and size change as they do in the video,
        from where they are in the portrait. opening: how far eyes and lips open, for renderers that can be asked.
        edits: changes to the motion, see `vasa.motion.edits`.
        """
        check_opening(opening, self.renderer, self.detector, video=True)
        edit = Edited(edits)
        seen, sitter = self._seen(video), self.sitter(portrait, paste=paste)
        track, opener = Track(self.video_transfer, sitter.portrait), self._opener(opening, sitter)
        sound = Metered(read_blocks(video, self.clock), self.clock) if has_sound(video) else None
        return self._shown(sitter, (edit(opener(track(motion), faces)) for motion, faces in seen), sound)

    @torch.no_grad()
    def dub(
        self, portrait: Picture | Sitter, video: Path | str, speech: Sound, seed: int = 0, *, paste: bool = True
    ) -> Video:  # fmt: skip
        """A portrait that moves as the face in a video does and says what another voice says, as long as both last.

        The video gives head, eyes and brows, the voice gives the lips. Raises ValueError where there are no handles.
        """
        if self.handles is None:
            raise ValueError("Dubbing takes lips apart from the rest of a face; give the pipeline handles.")
        sitter, sound = self.sitter(portrait, paste=paste), load_sound(speech, self.clock)
        track = Track(self.video_transfer, sitter.portrait)
        seen = Motion.cat([track(motion) for motion, _ in self._seen(video)])
        length = min(seen.length, self.clock.frames_covering(len(sound)))
        samples = F.pad(sound, (0, self.clock.samples(seen.length)))[: self.clock.samples(length)]

        def show(motion: Motion, own: Tensor) -> Iterator[tuple[Tensor, Motion]]:  # noqa: ARG001
            return self._show(sitter, motion)  # no transfer: `seen` is the portrait's motion already

        session = self._session(sitter, show, NOTHING_ASKED, seed, edits=[LipsOnly(self.handles, seen)])
        return Video.of(self._spoken(session, session.heard([samples])), self.clock)

    @torch.no_grad()
    def perform(
        self, portrait: Picture | Sitter, motion: Motion | SavedTrack | Video, speech: Sound | None = None, *,
        paste: bool = True, opening: Opening = AS_IT_MOVES,
    ) -> Video:  # fmt: skip
        """A portrait that does what a track of motion [1, T, M] says, as it comes, for as long as that lasts; with a
        sound beside it, or none.

        The motion of a video of the same face shows the same again. Raises ValueError where it does not fit.
        """
        check_opening(opening, self.renderer, self.detector)
        shown = to_perform(motion, self.renderer.space).to(self.device)
        sitter = self.sitter(portrait, paste=paste)
        sound = None if speech is None else Metered(read_blocks(speech, self.clock), self.clock)
        return Video.of(self._shown(sitter, [self._opener(opening, sitter)(shown)], sound), self.clock)

    @torch.no_grad()
    def sitter(self, portrait: Picture | Sitter, *, paste: bool = True) -> Sitter:
        """Find and remember the face in a picture, once for any number of calls; raises ValueError where none is.

        A sitter is shown in its picture or alone as it was made; paste=False shows it alone in any case.
        """
        if isinstance(portrait, Sitter):
            return portrait if paste else Sitter(portrait.portrait, portrait.stage.alone())
        stage = Stage.of(load_picture(portrait), self.detector, self.renderer.image_size, paste=paste)
        return Sitter(self.renderer.encode(stage.face[None].to(self.device)), stage)

    def _session(
        self, sitter: Sitter, show: Show, controls: Controls, seed: int, *,
        stride: int | None = None, lookahead_s: float | None = None, ease: int = 0, edits: Sequence[Edit] = (),
    ) -> Session:  # fmt: skip
        motion, audio = self._voice()
        return Session(
            motion=motion, audio=audio if lookahead_s is None else LookingAhead(audio, lookahead_s), show=show,
            controls=controls, seed=seed, size_px=sitter.stage.size_px, stride=stride, device=self.device,
            ease=ease, edits=edits,
        )  # fmt: skip

    def _spoken(self, session: Session, windows: Iterable[Window]) -> Iterator[Piece]:
        for window in windows:
            yield from session.shown(window)

    def _opener(self, opening: Opening, sitter: Sitter) -> Opener:
        return Opener(opening, self.renderer, self.detector, sitter.portrait, sitter.stage.face)

    def _seen(self, video: Path | str) -> Iterator[tuple[Motion, list[Tensor]]]:
        """The motion in a video, a few frames at a time, and the faces [3, S, S] that it was seen in."""
        reader = VideoReader(video, self.clock)
        first = first_crop(reader, self.detector)
        seen = batches(views(reader, self.detector, first, self.renderer.image_size), self.batch)
        return ((motion_in(self.renderer, some, self.device), [view.face for view in some]) for some in seen)

    @torch.no_grad()
    def _shown(self, sitter: Sitter, motions: Iterable[Motion], sound: Metered | None) -> Iterator[Piece]:
        for motion in motions:
            for frames, shown in self._show(sitter, motion):
                yield Piece(frames, shown, sound.take(len(frames)) if sound else None)

    def _show(self, sitter: Sitter, motion: Motion) -> Iterator[tuple[Tensor, Motion]]:
        render = self._compiled or self.renderer.render
        for start in range(0, motion.length, self.batch):
            now = motion[slice(start, start + self.batch)]
            with fast(self.device):
                frames = render(sitter.portrait, now)
            yield sitter.shown(frames[0], now), now

    def _modules(self) -> dict[str, nn.Module]:
        parts = {part: getattr(self, part) for part in store.PARTS}
        return {name: part for name, part in parts.items() if isinstance(part, nn.Module)}

    def _voice(self) -> tuple[MotionGenerator, AudioEncoder]:
        if self.motion is None or self.audio is None:
            raise ValueError("This pipeline has no voice: it can `reenact` a video; add motion and audio to animate.")
        return self.motion, self.audio

    def __repr__(self) -> str:
        voice = f"windows of {self.motion.window} frames" if self.motion else "no voice"
        return f"Pipeline({self.renderer.image_size} px, {voice}, {self.clock.frame_rate} fps, {self.device})"
