"""What is asked for in the shell becomes controls."""

from __future__ import annotations

import argparse
import math

import pytest
import torch

from vasa.cli import asking


def _asked(*words: str) -> argparse.Namespace:
    command = argparse.ArgumentParser()
    asking.add_controls(command)
    return command.parse_args(words)


def test_what_is_not_asked_for_is_left_to_the_model() -> None:
    controls = asking.controls_of(_asked(), 5)
    assert (controls.gaze, controls.distance, controls.emotion, controls.pose) == (None,) * 4


def test_gaze_and_distance_stay_or_go_evenly_to_their_end() -> None:
    still = asking.controls_of(_asked("--gaze", "-20", "5", "--distance", "0.8"), 5)
    torch.testing.assert_close(still.gaze, torch.deg2rad(torch.tensor([[-20.0, 5.0]])))
    moving = asking.controls_of(
        _asked("--gaze", "-20", "0", "--gaze-to", "20", "8", "--distance", "0.8", "--distance-to", "1.2"), 5
    )
    yaw, pitch = torch.tensor([-20.0, -10, 0, 10, 20]), torch.tensor([0.0, 2, 4, 6, 8])
    torch.testing.assert_close(moving.gaze, torch.deg2rad(torch.stack([yaw, pitch], dim=-1))[None])
    torch.testing.assert_close(moving.distance, torch.tensor([0.8, 0.9, 1.0, 1.1, 1.2])[None, :, None])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--gaze-to", "20", "0"), "where to begin too, with --gaze"),
        (("--gaze", "0", "0", "--gaze-to", "120", "0"), "--gaze-to takes angles from -90 to 90"),
        (("--distance", "1", "--distance-to", "9"), "--distance-to is 0.2 to 5"),
    ],
)
def test_mistakes_name_their_option(words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        asking.controls_of(_asked(*words), 5)


def test_angles_are_degrees() -> None:
    controls = asking.controls_of(_asked("--pose", "90", "0", "-45"), 5)
    assert controls.pose is not None
    assert controls.pose[0].tolist() == pytest.approx([math.pi / 2, 0, -math.pi / 4, 0, 0, 0])
