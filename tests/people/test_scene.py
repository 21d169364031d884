"""The studio: pictures and place maps agree with the labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from vasa.geometry import grid, pose_matrix, transform
from vasa.people.actor import Look
from vasa.people.avatar import EXPRESSIONS, KINDS, Avatar
from vasa.people.regions import PARTS
from vasa.people.rig import place, seen_pose
from vasa.people.scene import Stage

SIZE = 64
HEAD = np.deg2rad([[0.0, 0, 0], [25, 5, 0], [-20, -10, 12]])
LOOK = Look(
    lamps=np.tile([[0.0, 0, 1]], (3, 1)),
    colours=np.full((3, 3), 0.3),
    sky=np.eye(9, 1) * np.full((1, 3), 0.3),
    gloss=0.1,
    backdrop=np.full((4, 4, 3), (255, 0, 0), np.uint8),
    distance=6.0,
    glare=np.array([1, 1, 1, 0.1]),
)


def _film(stage: Stage, figure: Avatar) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    posed = place(
        figure,
        head=HEAD,
        body=np.zeros((3, 3)),
        shift=np.array([[0, 0], [0.1, -0.05], [-0.1, 0.1]]),
        log_scale=np.array([0, 0.1, -0.2]),
        look=np.zeros((3, 2)),
    )
    filmed = stage.film(figure, LOOK, expression=np.zeros((3, len(EXPRESSIONS))), parts=posed.parts)
    return filmed.frames, filmed.places, seen_pose(posed, LOOK.distance)


def test_place_map_reprojects_onto_its_own_cell(stage: Stage, figure: Avatar) -> None:
    _, places, pose = _film(stage, figure)
    cells = SIZE // 4
    canonical = torch.from_numpy(np.moveaxis(places[:, :3], 1, -1) / 127.5 - 1)
    seen = transform(pose_matrix(torch.from_numpy(pose)), canonical)
    where = grid(1, cells, cells, like=seen)[0, ..., :2]
    away = (seen[..., :2] - where).norm(dim=-1).numpy()
    head = places[:, 4] == 2
    assert head.sum(axis=(1, 2)).min() > 20
    assert away[head].max() < 2 * (2 / cells)
    assert away[head].mean() < 0.5 * (2 / cells)


def test_depth_of_the_place_map_is_the_posed_depth(stage: Stage, figure: Avatar) -> None:
    _, places, pose = _film(stage, figure)
    canonical = torch.from_numpy(np.moveaxis(places[:, :3], 1, -1) / 127.5 - 1)
    depth = transform(pose_matrix(torch.from_numpy(pose)), canonical)[..., 2].numpy()
    head = places[:, 4] == 2
    assert np.abs(places[:, 3] / 127.5 - 1 - depth)[head].max() < 0.12


def test_parts_and_backdrop_are_where_they_should_be(stage: Stage, figure: Avatar) -> None:
    frames, places, _ = _film(stage, figure)
    assert places[0, 4, 8, 8] == 2
    assert places[0, 4, 15, 8] == 1
    assert places[0, 4, 0, 0] == 0
    assert frames[0, 1, 1].tolist() == [255, 0, 0]
    assert np.ptp(frames[0, 32, 32].astype(int)) < 20


def test_filming_twice_gives_the_same_bytes(stage: Stage, figure: Avatar) -> None:
    first, again = _film(stage, figure), _film(stage, figure)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_a_size_without_whole_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        Stage(size=66)


def test_part_maps_divide_what_the_place_map_calls_body_and_head(stage: Stage, figure: Avatar) -> None:
    kinds = np.zeros(len(figure.points), np.float32)
    kinds[figure.points[:, 1] > 0.2] = KINDS.index("hair")
    kinds[(figure.points[:, 1] < -0.2) & (figure.weights[:, 0] == 1)] = KINDS.index("eye")
    posed = place(
        figure, head=HEAD[:1], body=HEAD[:1], shift=np.zeros((1, 2)), log_scale=np.zeros(1), look=np.zeros((1, 2))
    )
    nothing = np.zeros((1, len(EXPRESSIONS)))
    filmed = stage.film(dataclasses.replace(figure, kind=kinds), LOOK, expression=nothing, parts=posed.parts)
    (fine,), coarse = filmed.parts, filmed.places[0, 4]
    assert fine.shape == (SIZE // 2, SIZE // 2)
    head, middle = fine[coarse.repeat(2, 0).repeat(2, 1) == 2], fine[:, SIZE // 4]
    assert {PARTS[part] for part in np.unique(head)} <= {"skin", "hair", "eyes", "background", "clothes"}
    assert [PARTS[middle[SIZE // 4 + row]] for row in (-5, 0, 5)] == ["hair", "skin", "eyes"]
    assert ((fine[1::2, 1::2] > 0) == (coarse > 0)).mean() > 0.97
    assert PARTS[fine[0, 0]] == "background"
