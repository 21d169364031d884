"""Live streams: short hops, look-ahead, interruption, easing, and many at once."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vasa import Controls, Motion, Together
from vasa.easing import own_share

RATE = 16_000
HOP = 5  # frames


@pytest.mark.parametrize("size", [1, 640, 4999, 20_923])
def test_short_hops_do_not_depend_on_how_the_sound_was_cut(pipe, portrait, tone, size):
    whole = torch.cat([*pipe.stream(portrait, [tone], seed=5, stride=HOP)])
    parts = tone[:9_000].split(size) if size == 1 else tone.split(size)
    cut = torch.cat([*pipe.stream(portrait, [*parts, tone[9_000:]] if size == 1 else parts, seed=5, stride=HOP)])
    assert torch.equal(cut, whole)


def test_a_short_hop_with_little_look_ahead_answers_soon(pipe, portrait, tone):
    session = pipe.session(portrait, stride=HOP, lookahead_s=0.04)
    assert session.latency_s == pytest.approx(0.24)
    assert session.push(tone[: round(0.24 * RATE) - 1]).shape[0] == 0
    assert session.push(tone[round(0.24 * RATE) - 1 :][:1]).shape[0] == HOP
    with pytest.raises(ValueError, match="look-ahead is whole frames"):
        pipe.session(portrait, lookahead_s=0.05)


def test_sound_beyond_the_look_ahead_is_not_heard(pipe, portrait, tone):
    other = tone.clone()
    other[640 * (HOP + 1) :] = tone.flip(0)[640 * (HOP + 1) :]
    first, second = (pipe.session(portrait, stride=HOP, lookahead_s=0.04).push(sound)[:HOP] for sound in (tone, other))
    assert torch.equal(first, second)
    later = pipe.session(portrait, stride=HOP, lookahead_s=0.08).push(other)[:HOP]
    assert not torch.equal(first, later)


def test_an_interrupted_face_goes_on_with_what_is_said_next(pipe, portrait, tone):
    session, straight = (pipe.session(portrait, seed=5, stride=HOP, lookahead_s=0.0) for _ in range(2))
    shown = session.push(tone[:9_000])
    assert session.interrupt() == 9_000 - 640 * len(shown)
    after = torch.cat([session.push(tone[:8_000]), session.flush()])
    heard = torch.cat([tone[: 640 * len(shown)], tone[:8_000]])  # as if the rest had never been said
    assert torch.equal(torch.cat([shown, after]), torch.cat([straight.push(heard), straight.flush()]))


def shown_motion(pipe, portrait, tone, **how) -> Motion:
    """What is rendered, after transfer and easing."""
    rendered: list[Motion] = []
    renderer = pipe.renderer

    class Spy:
        space, image_size = renderer.space, renderer.image_size
        encode, motion_of = renderer.encode, renderer.motion_of

        def render(self, portrait, motion):
            rendered.append(motion)
            return renderer.render(portrait, motion)

    pipe.renderer = Spy()
    try:
        pipe(portrait, (tone, RATE), seed=5, **how)
    finally:
        pipe.renderer = renderer
    return Motion.cat(rendered)


def test_an_eased_video_starts_and_ends_as_the_picture_is(pipe, portrait, tone):
    home = pipe.sitter(portrait).portrait.motion.frames()
    plain, eased = (shown_motion(pipe, portrait, tone, ease_s=s).frames() for s in (0.0, 0.4))
    assert len(eased) == len(plain) + 10
    torch.testing.assert_close(eased[-1:], home)
    torch.testing.assert_close(eased[10:33], plain[10:])  # between, nothing is changed
    assert (eased[0] - home).norm() < 0.1 * (plain[0] - home).norm()
    with pytest.raises(ValueError, match="ease_s is 0 to 5"):
        pipe.session(portrait, ease_s=-1)


def test_the_share_of_the_picture_does_not_depend_on_the_pieces():
    whole = own_share(0, 30, 8, 20)
    pieces = torch.cat([own_share(first, 5, 8, 20) for first in range(0, 30, 5)])
    torch.testing.assert_close(whole, pieces)
    assert whole[8:20].max() == 0
    assert whole[27:].min() == 1
    assert not own_share(0, 30, 0, 20).any()


def tracks(tone: Tensor) -> dict[str, Tensor]:
    return {"one": tone, "two": tone.flip(0), "three": 0.5 * tone[:15_000]}


def test_sessions_together_give_what_each_gives_alone(pipe, portrait, tone):
    sound, gaze = tracks(tone), Controls(gaze=torch.tensor([[0.3, 0.0]]))
    asked = {"one": Controls(), "two": gaze, "three": Controls()}

    def session(name: str):
        return pipe.session(portrait, asked[name], seed=len(name), stride=HOP)

    together, frames = Together({name: session(name) for name in sound}), {name: [] for name in sound}
    for start in range(0, len(tone), 3000):
        for name, made in together.push({n: s[start : start + 3000] for n, s in sound.items()}).items():
            frames[name].append(made)
    for name, made in together.flush().items():
        frames[name].append(made)
    for name, samples in sound.items():
        alone = session(name)
        expected = torch.cat([alone.push(samples), alone.flush()])
        torch.testing.assert_close(torch.cat(frames[name]), expected, rtol=1e-3, atol=1e-4)


def test_sessions_together_share_forwards(pipe, portrait, tone, monkeypatch):
    rows: list[int] = []
    step = pipe.motion.step
    monkeypatch.setattr(pipe.motion, "step", lambda f, c, s: rows.append(len(f)) or step(f, c, s))
    together = Together({n: pipe.session(portrait, seed=n, stride=HOP) for n in range(3)})
    together.push({n: tone[:8_000] for n in range(3)})
    assert set(rows) == {3}
    rows.clear()
    together.remove(1)
    together.push({0: tone[:3_200], 2: tone[:3_200]})
    assert set(rows) == {2}


def test_together_says_who_is_missing(pipe, portrait, tone):
    together = Together({"a": pipe.session(portrait)})
    with pytest.raises(ValueError, match="no session named 'b'"):
        together.push({"a": tone, "b": tone})
    assert together.sessions["a"].total == 0  # heard nothing, so that all can be pushed again
    with pytest.raises(ValueError, match="a session named 'a' already"):
        together.add("a", pipe.session(portrait))
    with pytest.raises(ValueError, match="share one motion generator"):
        together.add("b", pipe.session(portrait, lookahead_s=0.0))


MISTAKES = {
    "a wrong shape": (Controls(gaze=torch.zeros(1, 3)), r"Controls\.gaze is \[B, 2\]"),
    "no batch": (Controls(gaze=torch.zeros(2)), r"Controls\.gaze is \[B, 2\]"),
    "NaN": (Controls(emotion=torch.full((1, 8), torch.nan)), r"Controls\.emotion holds NaN"),
    "degrees": (Controls(gaze=torch.tensor([[15.0, 0.0]])), "radians, not degrees"),
    "a turned head": (Controls(pose=torch.tensor([[20.0, 0, 0, 0, 0, 0]])), "radians, not degrees"),
    "no distance": (Controls(distance=torch.zeros(1, 1)), "relative to the usual distance"),
    "two faces": (Controls(gaze=torch.zeros(2, 2)), "one face"),
    "a list": (Controls(gaze=[[0.3, 0.0]]), r"as Controls\.of\(gaze"),  # type: ignore[arg-type]
    "a table": ({"gaze": torch.zeros(1, 2)}, "got a dict"),
}


@pytest.mark.parametrize(("controls", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_controls_that_cannot_be_meant_are_refused_before_anything(pipe, portrait, controls, complaint):
    with pytest.raises(ValueError, match=complaint):
        pipe.session(portrait, controls)


def test_sound_without_its_rate_is_asked_for_it(pipe, portrait, tone):
    with pytest.raises(ValueError, match="rate"):
        pipe(portrait, tone)
    with pytest.raises(ValueError, match="rate"):
        pipe(portrait, tone.numpy())


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"stride": 2.5}, "A stride is 1 to"),
        ({"seed": 1.5}, "whole number"),
        ({"edits": [3]}, "takes a list of edits"),
        ({"edits": Controls}, "takes a list of edits"),
    ],
    ids=lambda how: next(iter(how)) if isinstance(how, dict) else "",
)
def test_a_session_says_what_it_cannot_take(pipe, portrait, how, complaint):
    with pytest.raises(ValueError, match=complaint):
        pipe.session(portrait, **how)
