"""Conformance tests that the author of a part can run on it; each raises AssertionError with what is wrong.

    from vasa.testing import check_renderer
    check_renderer(MyRenderer())
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from vasa.audio import AudioEncoder
from vasa.motion import MotionGenerator, MotionState
from vasa.motion.conditions import CONTROLS
from vasa.render import Renderer
from vasa.types import Controls, Motion, Portrait

CLOSE = 1e-3  # what float32 may lose when a batch or a window is cut otherwise


def check_renderer(renderer: Renderer) -> None:
    """Shapes, range, determinism, and that the faces and frames of a batch do not touch each other."""
    assert isinstance(renderer, Renderer), "a renderer has space, image_size, encode, motion_of and render"
    faces = _noise(2, 3, renderer.image_size, renderer.image_size)
    with torch.no_grad():
        portrait = renderer.encode(faces)
        assert isinstance(portrait, Portrait), "encode returns a vasa.Portrait"
        motion = renderer.motion_of(torch.stack([faces, faces.flip(-1)], dim=1))
        _check_motion(motion, renderer.space.size, batch=2, length=2, maker="motion_of")
        _check_renders(renderer, portrait, motion, faces)


def _check_renders(renderer: Renderer, portrait: Portrait, motion: Motion, faces: Tensor) -> None:
    frames = renderer.render(portrait, motion)
    expected = (2, 2, 3, renderer.image_size, renderer.image_size)
    assert frames.shape == expected, f"render returns [B, T, 3, H, W] = {expected}; got {tuple(frames.shape)}"
    assert frames.min() >= 0, "frames are not below 0"
    assert frames.max() <= 1, "frames are not above 1"
    assert torch.equal(frames, renderer.render(portrait, motion)), "the same call returns the same frames"
    alone = renderer.render(renderer.encode(faces[1:]), Motion(motion.pose[1:, 1:], motion.dynamics[1:, 1:]))
    _close(alone[0, 0], frames[1, 1], "a frame does not depend on the other frames and faces of its batch")
    moved = Motion(motion.pose + 0.2, motion.dynamics)
    assert not torch.allclose(renderer.render(portrait, moved), frames), "another pose gives another picture"


def check_motion_generator(
    generator: MotionGenerator, audio_dim: int, *, controls: Collection[str] = tuple(CONTROLS), random: bool = True
) -> None:
    """Shapes, state in and out, seeds, independence in a batch, and that controls and sound count.

    controls: which of gaze, distance and emotion it has learned; it has to refuse the others with a ValueError. random:
    whether the same sound gives other motion with another seed and in the next window; False for a rule.
    """
    assert isinstance(generator, MotionGenerator), "a generator has space, window, start and step"
    features = _noise(2, generator.window, audio_dim) - 0.5
    with torch.no_grad():
        state = generator.start(2, seed=3)
        motion, later = generator.step(features, Controls(), state)
        _check_motion(motion, generator.space.size, batch=2, length=generator.window, maker="step")
        again, _ = generator.step(features, Controls(), state)
        _same(again, motion, "the same state gives the same motion: step keeps nothing and changes no state")
        _check_states(generator, features, motion, later, random=random)
        _check_sound_and_pose(generator, features, motion)
        _check_controls(generator, features, motion, controls)


def _check_states(
    generator: MotionGenerator, features: Tensor, motion: Motion, later: object, *, random: bool
) -> None:  # fmt: skip
    alone, _ = generator.step(features[1:], Controls(), generator.start(1, seed=4))
    _close(alone.frames(), motion.frames()[generator.window :], "face b of a batch has seed + b")
    if random:
        other, _ = generator.step(features, Controls(), generator.start(2, seed=30))
        assert not torch.allclose(other.frames(), motion.frames()), "another seed gives another motion"
        following, _ = generator.step(features, Controls(), later)  # type: ignore[arg-type]
        assert not torch.allclose(following.frames(), motion.frames()), "the next window is not the first one again"
    short, _ = generator.step(features[:, :1], Controls(), generator.start(2, seed=3))
    assert short.length == 1, "a step takes fewer frames than its window, and makes as many"


def _check_sound_and_pose(generator: MotionGenerator, features: Tensor, motion: Motion) -> None:
    start = generator.start(2, seed=3)
    louder, _ = generator.step(3 * features, Controls(), start)
    assert not torch.allclose(louder.frames(), motion.frames()), "other sound gives other motion"
    offset = torch.tensor([[0.1, 0.0, 0.0, 0.0, 0.0, 0.0]]).expand(2, -1)
    turned, _ = generator.step(features, Controls(pose=offset), start)
    _close(turned.pose - motion.pose, offset[:, None].expand_as(motion.pose), "Controls.pose is added to the pose")


def _check_controls(generator: MotionGenerator, features: Tensor, motion: Motion, controls: Collection[str]) -> None:
    for name, size in CONTROLS.items():
        asked, start = Controls(**{name: torch.full((2, size), 0.2)}), generator.start(2, seed=3)
        if name in controls:
            changed, _ = generator.step(features, asked, start)
            assert not torch.allclose(changed.frames(), motion.frames()), f"Controls.{name} changes the motion"
        else:
            assert _refuses(generator, features, asked, start), f"Controls.{name}, not learned, is refused"


def _refuses(generator: MotionGenerator, features: Tensor, controls: Controls, state: MotionState) -> bool:
    try:
        generator.step(features, controls, state)
    except ValueError:
        return True
    return False


def check_audio_encoder(encoder: AudioEncoder) -> None:
    """Shapes, whole frames, and independence in a batch."""
    assert isinstance(encoder, AudioEncoder), "an encoder has clock, dim, context_s, lookahead_s and can be called"
    for name in ("context_s", "lookahead_s"):
        frames = getattr(encoder, name) * encoder.clock.frame_rate
        assert frames >= 0, f"{name} is not negative"
        assert abs(frames - round(frames)) < 1e-6, f"{name} is whole frames"
    length = 10 + round((encoder.context_s + encoder.lookahead_s) * encoder.clock.frame_rate)
    samples = _noise(2, encoder.clock.samples(length)) - 0.5
    with torch.no_grad():
        features = encoder(samples)
        expected = (2, length, encoder.dim)
        assert features.shape == expected, f"features are [B, T, A] = {expected}; got {tuple(features.shape)}"
        assert torch.equal(features, encoder(samples)), "the same call returns the same features"
        _close(encoder(samples[1:])[0], features[1], "features do not depend on the rest of the batch")
        assert not torch.allclose(encoder(samples.flip(-1)), features), "other sound gives other features"


def _check_motion(motion: Motion, size: int, *, batch: int, length: int, maker: str) -> None:
    assert isinstance(motion, Motion), f"{maker} returns a vasa.Motion"
    found = (motion.batch_size, motion.length, motion.frames().shape[-1])
    assert found == (batch, length, size), f"{maker} returns motion [B, T, M] = {(batch, length, size)}; got {found}"
    assert bool(motion.frames().isfinite().all()), f"{maker} returns finite numbers"


def _same(left: Motion, right: Motion, rule: str) -> None:
    assert torch.equal(left.frames(), right.frames()), rule


def _close(left: Tensor, right: Tensor, rule: str) -> None:
    apart = float((left - right).abs().max())
    assert apart <= CLOSE, f"{rule}; they are {apart:.2g} apart"


def _noise(*shape: int) -> Tensor:
    """The same numbers in [0, 1] every time."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))
