"""The conformance tests pass on the real parts, and see what is wrong with broken ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vasa.testing import check_audio_encoder, check_motion_generator, check_renderer
from vasa.types import Motion


def test_the_real_parts_conform(pipe):
    check_renderer(pipe.renderer)
    check_motion_generator(pipe.motion, pipe.audio.dim)
    check_audio_encoder(pipe.audio)


class Around:
    """A part with one thing changed."""

    def __init__(self, part, **changes):
        self._part, self._changes = part, changes

    def __getattr__(self, name):
        return self._changes.get(name, getattr(self._part, name))

    def __call__(self, *arguments):
        return self._changes["call"](*arguments)


def test_broken_renderers_are_seen(pipe):
    render = pipe.renderer.render
    broken = {
        "not above 1": lambda p, m: render(p, m) + 1,
        "render returns": lambda p, m: render(p, m)[0],
        "the same call": lambda p, m: (render(p, m) + 0.01 * torch.rand(())).clamp(0, 1),
        "other frames": lambda p, m: render(p, m) * 0 + render(p, m).mean((0, 1), keepdim=True),
        "another pose": lambda p, m: render(p, Motion(m.pose * 0, m.dynamics)),
    }
    for complaint, changed in broken.items():
        with pytest.raises(AssertionError, match=complaint):
            check_renderer(Around(pipe.renderer, render=changed))
    with pytest.raises(AssertionError, match="a renderer has"):
        check_renderer(object())


def test_broken_generators_are_seen(pipe):
    step, start = pipe.motion.step, pipe.motion.start
    count = iter(range(1000))

    def restless(f, c, s):
        return step(f, c, replace(s, seed=s.seed + next(count)))

    broken = {
        "step returns motion": lambda f, c, s: (step(f, c, s)[0][slice(1, None)], s),
        "the same state": restless,
        "other sound": lambda f, c, s: step(f.sign(), c, s),
        "Controls.gaze": lambda f, c, s: step(f, replace(c, gaze=None), s),
        "Controls.pose": lambda f, c, s: step(f, replace(c, pose=None), s),
        "not the first one again": lambda f, c, s: (step(f, c, s)[0], s),
    }
    for complaint, changed in broken.items():
        with pytest.raises(AssertionError, match=complaint):
            check_motion_generator(Around(pipe.motion, step=changed), pipe.audio.dim)
    with pytest.raises(AssertionError, match=r"seed \+ b"):
        check_motion_generator(Around(pipe.motion, start=lambda b, *, seed: start(b, seed=seed + b)), pipe.audio.dim)


def test_a_control_that_is_not_learned_has_to_be_refused(pipe):
    def deaf(f, c, s):
        if c.gaze is not None:
            raise ValueError("It has not learned gaze.")
        return pipe.motion.step(f, c, s)

    check_motion_generator(Around(pipe.motion, step=deaf), pipe.audio.dim, controls=("distance", "emotion"))
    with pytest.raises(AssertionError, match="Controls.distance, not learned, is refused"):
        check_motion_generator(Around(pipe.motion, step=deaf), pipe.audio.dim, controls=("emotion",))


def test_broken_encoders_are_seen(pipe):
    audio = pipe.audio
    broken = {
        "features are": lambda s: audio(s)[:, 1:],
        "rest of the batch": lambda s: audio(s.flip(-1)) if len(s) == 1 else audio(s),
        "other sound": lambda s: audio(s * 0),
    }
    for complaint, changed in broken.items():
        with pytest.raises(AssertionError, match=complaint):
            check_audio_encoder(Around(audio, call=changed))
    with pytest.raises(AssertionError, match="whole frames"):
        check_audio_encoder(Around(audio, context_s=0.03, call=audio))


def test_a_rule_without_chance_conforms_where_that_is_said(pipe):
    def rule(f, c, s):
        return step(f, c, replace(s, seed=s.seed * 0, frame=s.frame * 0, known=torch.zeros_like(s.known)))

    step = pipe.motion.step
    with pytest.raises(AssertionError, match="another seed"):
        check_motion_generator(Around(pipe.motion, step=rule), pipe.audio.dim)
    check_motion_generator(Around(pipe.motion, step=rule), pipe.audio.dim, random=False)
