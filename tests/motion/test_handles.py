"""Handles and edits: each moves its own quantity, and leaves the others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from vasa import checkpoint
from vasa.geometry import direction, rotation
from vasa.motion.edits import Blink, Dynamics, HoldGaze, LipsOnly, Strength, eyes_in_head
from vasa.motion.fitting import handles_of
from vasa.motion.handles import Handles, config_of
from vasa.motion.plot import draw_track
from vasa.space import MotionSpace
from vasa.tracks import SavedTrack
from vasa.types import Motion

N = 12
GROUPS = ("lips", "blink", "gaze")


@pytest.fixture(scope="module")
def truth() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(0)
    opening, blink, eyes = (torch.randn(4000, k, generator=random) for k in (1, 1, 2))
    other = torch.randn(4000, 3, generator=random)
    expression = torch.cat([0.5 * opening + 0.1 * other[:, :1], other[:, 1:2], other[:, 2:]], dim=-1)
    labels = {"lip_opening": opening[:, 0], "blink": blink.expand(-1, 2), "eyes": eyes, "expression": expression}
    hidden = torch.cat([opening, blink, eyes, other], dim=-1)
    mix = torch.randn(7, N, generator=random)
    return labels | {"dynamics": hidden @ mix + 0.01 * torch.randn(4000, N, generator=random)}


@pytest.fixture(scope="module")
def handles(truth: dict[str, Tensor]) -> Handles:
    labels = {name: value for name, value in truth.items() if name != "dynamics"}
    return handles_of(truth["dynamics"], labels, ["jawOpen", "mouthSmile", "browUp"])


@pytest.fixture
def motion(truth: dict[str, Tensor]) -> Motion:
    return Motion(0.2 * torch.randn(1, 40, 6), truth["dynamics"][None, :40])


def test_readings_are_the_labels(handles: Handles, truth: dict[str, Tensor]) -> None:
    assert handles.names == ("lips", "lips 1", "blink", "gaze yaw", "gaze pitch")  # the brow is no lip
    torch.testing.assert_close(handles.read(truth["dynamics"], "gaze"), truth["eyes"], rtol=0, atol=0.15)
    assert handles.agreement.min() > 0.99


@pytest.mark.parametrize("name", GROUPS)
def test_a_direction_moves_its_reading_by_one_and_no_other(handles: Handles, motion: Motion, name: str) -> None:
    moved = handles.moved(motion, name, torch.ones(len(handles.group(name))))
    for other in GROUPS:
        change = handles.read(moved.dynamics, other) - handles.read(motion.dynamics, other)
        torch.testing.assert_close(change, torch.full_like(change, float(other == name)), rtol=0, atol=1e-4)
    assert torch.equal(moved.pose, motion.pose)


def test_a_direction_is_the_likeliest_change(handles: Handles, truth: dict[str, Tensor]) -> None:
    """Of all changes that do the same, it has the least Mahalanobis length."""
    precision = torch.linalg.inv(truth["dynamics"].double().T.cov())
    chosen = handles.direction[2].double()
    weight = handles.weight.double()
    free = torch.randn(200, N, dtype=torch.float64) * 0.1
    free = free - free @ weight @ torch.linalg.pinv(weight)  # changes that no reading sees
    others = chosen + free
    length = (others @ precision * others).sum(-1)
    assert (length >= (chosen @ precision @ chosen) * (1 - 1e-6)).all()


def test_lips_only_takes_lips_from_one_and_the_rest_from_another(handles: Handles, motion: Motion) -> None:
    rest = motion[slice(5, 6)]
    made = LipsOnly(handles, rest)(motion, 0)
    torch.testing.assert_close(handles.read(made.dynamics, "lips"), handles.read(motion.dynamics, "lips"))
    for name in ("blink", "gaze"):
        still = handles.read(rest.dynamics, name).expand(1, 40, -1)
        torch.testing.assert_close(handles.read(made.dynamics, name), still, rtol=0, atol=1e-3)
    assert torch.equal(made.pose, rest.pose.expand(1, 40, 6))


def test_a_blink_on_demand_closes_and_opens_again(handles: Handles, motion: Motion) -> None:
    made = Blink(handles, at=[10])(motion, 0)
    before, after = (handles.read(m.dynamics, "blink")[0, :, 0] for m in (motion, made))
    assert after[12] >= handles.high[handles.group("blink")] - 1e-3
    torch.testing.assert_close(after[:10], before[:10])
    torch.testing.assert_close(after[16:], before[16:])
    assert (after >= before - 1e-4).all()


def test_gaze_is_held_while_the_head_turns(handles: Handles, motion: Motion) -> None:
    pose = torch.zeros(1, 9, 6)
    pose[0, :, 0], pose[0, :, 1] = torch.linspace(-0.4, 0.4, 9), 0.1
    made = HoldGaze(handles, (0.05, -0.02))(Motion(pose, motion.dynamics[:, :9]), 0)
    eyes = handles.read(made.dynamics, "gaze")[0]
    seen = (rotation(*pose[0, :, :3].unbind(-1)) @ direction(*eyes.unbind(-1))[..., None])[..., 0]
    wanted = direction(torch.tensor(0.05), torch.tensor(-0.02)).expand(9, 3)
    torch.testing.assert_close(seen, wanted, rtol=0, atol=1e-3)
    assert eyes_in_head(pose, torch.zeros(2))[0, -1, 0] < -0.3  # a head turned to one side has eyes at the other


def test_strength_scales_about_the_neutral_face(motion: Motion) -> None:
    space = MotionSpace(N, tuple(range(6 + N)), (1.0,) * (6 + N))
    mean = torch.arange(6.0, 6 + N)
    twice, none = (Strength.neutral(k, space)(motion, 0) for k in (2.0, 0.0))
    torch.testing.assert_close(twice.dynamics - mean, 2 * (motion.dynamics - mean))
    torch.testing.assert_close(none.dynamics, mean.expand_as(none.dynamics))
    assert torch.equal(twice.pose, motion.pose)
    assert not Strength.neutral(1.0, space, pose=0.0)(motion, 0).pose[..., :3].any()


def edits(handles: Handles, motion: Motion) -> list[object]:
    return [
        Dynamics(torch.randn(N)), Dynamics(torch.randn(25, N)), Strength(1.5, torch.zeros(N)),
        Blink(handles, [3, 17, 30]), HoldGaze(handles), LipsOnly(handles, motion[slice(0, 20)]),
    ]  # fmt: skip


@pytest.mark.parametrize("which", range(6))
def test_an_edit_does_not_depend_on_how_a_stream_is_cut(handles: Handles, motion: Motion, which: int) -> None:
    edit = edits(handles, motion)[which]
    whole = edit(motion, 0)
    pieces = Motion.cat([edit(motion[slice(a, a + 7)], a) for a in range(0, 40, 7)])
    torch.testing.assert_close(pieces.frames(), whole.frames(), rtol=0, atol=1e-5)
    assert not torch.allclose(whole.frames(), motion.frames())


def test_handles_are_a_checkpoint(handles: Handles, motion: Motion, tmp_path: Path) -> None:
    checkpoint.save(tmp_path, handles, config_of(handles))
    again = checkpoint.load(tmp_path)
    assert again.names == handles.names
    assert torch.equal(again.read(motion.dynamics, "lips"), handles.read(motion.dynamics, "lips"))


def test_what_is_not_there_is_said(handles: Handles, truth: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match="have no 'brows'; they have: lips"):
        handles.group("brows")
    with pytest.raises(ValueError, match="labels that change; blink does not"):
        Handles.fit(truth["dynamics"], {"blink": torch.zeros(4000)})


def test_a_track_is_saved_loaded_and_drawn(handles: Handles, motion: Motion, tmp_path: Path) -> None:
    space = MotionSpace.plain(N)
    path = SavedTrack(motion, space).save(tmp_path / "track.safetensors")
    again = SavedTrack.load(path)
    assert again.space == space
    assert torch.equal(again.motion.frames(), motion.frames())
    assert [p.name for p in tmp_path.iterdir()] == ["track.safetensors"]
    assert len(draw_track(again.motion, again.space, handles).axes) == 4
    with pytest.raises(ValueError, match="numbers a frame, the space"):
        SavedTrack(motion, MotionSpace.plain(3)).save(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        SavedTrack.load(tmp_path / "nothing")
    (tmp_path / "text").write_text("no track")
    with pytest.raises(ValueError, match="no motion track, or damaged"):
        SavedTrack.load(tmp_path / "text")
