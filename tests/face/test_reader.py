"""The face reader: shapes and ranges, places it can tell, close looks that follow the face, and what it refuses."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from vasa import checkpoint
from vasa.config import instantiate, leaf
from vasa.face.backbone import Backbone
from vasa.face.heads import Votes, cells, cut_along
from vasa.face.points import CORNERS, MIRRORED
from vasa.face.reader import HIDDEN, FaceReader
from vasa.face.reading import SURE, Estimate, FaceReading
from vasa.types import EMOTIONS


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    torch.manual_seed(0)
    return instantiate(leaf("reader", "tiny")).eval()


def pictures(count: int = 3, size: int = 40) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def test_a_reading_has_the_promised_shapes_and_ranges(reader: FaceReader) -> None:
    read = reader(pictures())
    shapes = {name: tuple(value.shape) for name, value in vars(read).items()}
    assert shapes == {
        "landmarks": (3, 68, 2), "confidence": (3, 68), "pose": (3, 6), "gaze": (3, 2), "blink": (3, 2),
        "lip_opening": (3,), "arkit": (3, 52), "emotion": (3, len(EMOTIONS)), "identity": (3, 16), "face": (3,),
    }  # fmt: skip
    for share in (read.confidence, read.blink, read.emotion, read.face):
        assert 0 <= share.min() <= share.max() <= 1
    torch.testing.assert_close(read.emotion.sum(-1), torch.ones(3))
    torch.testing.assert_close(read.identity.norm(dim=-1), torch.ones(3))


def test_faces_of_a_batch_do_not_touch_each_other(reader: FaceReader) -> None:
    together, alone = reader(pictures()), reader(pictures()[1:2])
    torch.testing.assert_close(vars(alone), {name: value[1:2] for name, value in vars(together).items()})


def test_everything_read_has_a_gradient_in_the_picture(reader: FaceReader) -> None:
    for name in vars(reader.estimate(pictures(2))):
        picture = pictures(2).requires_grad_()
        (getattr(reader.estimate(picture), name) * torch.rand(1)).square().sum().backward()
        assert picture.grad is not None
        assert picture.grad.abs().sum() > 0, name


def test_what_gaze_and_emotion_rest_on_is_one_vector_that_says_them_again(reader: FaceReader) -> None:
    estimate, insight = reader.estimate(pictures()), reader.insight(pictures())
    assert insight.shape == (3, reader.insights)
    hidden = insight[:, -3 * HIDDEN :].split(HIDDEN, dim=1)
    for name, units in zip(("gaze", "emotion", "arkit"), hidden, strict=True):
        torch.testing.assert_close(getattr(reader, name)[-1](units), getattr(estimate, name))


def test_features_go_from_fine_to_coarse(reader: FaceReader) -> None:
    sizes = [tuple(map_.shape[-2:]) for map_ in reader.features(pictures())]
    assert sizes == [(16, 16), (8, 8), (4, 4), (2, 2), (1, 1)]
    with pytest.raises(ValueError, match="square pictures"):
        reader(torch.rand(1, 3, 40, 30))


def test_eyes_and_mouth_are_looked_at_in_more_pixels_than_the_rest(reader: FaceReader) -> None:
    """Of two pictures that are one at 32 px, the points are the same, what is read closely is not."""
    fine = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(2))
    coarse = F.interpolate(fine, (32, 32), mode="bilinear", antialias=True, align_corners=False)
    sharp, blurred = reader.estimate(fine), reader.estimate(coarse)
    torch.testing.assert_close(sharp.landmarks, blurred.landmarks)
    assert (sharp.gaze - blurred.gaze).abs().max() > 1e-4
    with pytest.raises(ValueError, match="at least image_size"):
        FaceReader(image_size=64, sharp_size=32, backbone=reader.backbone, width=16, detail=8, identity=16)


def test_confidence_is_a_half_at_the_usual_error() -> None:
    rest = {"pose": 6, "gaze": 2, "blink": 2, "arkit": 52, "emotion": 8}
    zeros = {name: torch.zeros(1, size) for name, size in rest.items()}
    zeros |= {name: torch.zeros(1) for name in ("lip_opening", "face")}
    spread = torch.full((1, 68), SURE)
    estimate = Estimate(landmarks=torch.zeros(1, 68, 2), spread=spread, identity=torch.ones(1, 4), **zeros)
    read = estimate.reading()
    assert isinstance(read, FaceReading)
    torch.testing.assert_close(read.confidence, torch.full((1, 68), 0.5))
    assert read.face.item() == 0.5


def test_votes_for_one_cell_point_to_its_centre() -> None:
    votes, goal = Votes(1, points=3), 13
    with torch.no_grad():
        votes.votes.weight.zero_()
        votes.votes.bias.zero_()
        votes.votes.weight[9:] = 1.0  # the features are the weights, all offsets and spreads are 0
    features = torch.zeros(1, 1, 4, 5)
    features[0, 0, 2, 3] = 100.0
    places, spread = votes(features)
    torch.testing.assert_close(places[0], cells(4, 5, like=places)[goal].expand(3, -1))
    torch.testing.assert_close(spread, torch.full((1, 3), math.exp(-2)))


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_a_close_look_turns_with_the_face(angle: float) -> None:
    places = cells(64, 64, like=torch.zeros(()))
    where = places.T.reshape(1, 2, 64, 64)  # every place shows its own coordinates
    along = torch.tensor([[math.cos(angle), math.sin(angle)]])
    middle = torch.tensor([[0.1, -0.05]])
    cut = cut_along(where, middle - 0.2 * along, middle + 0.2 * along, size=(2, 4), room=1.5)
    assert cut.shape == (1, 2, 2, 4)
    torch.testing.assert_close(cut.mean((2, 3)), middle, atol=1e-5, rtol=0)
    across = cut[:, :, :, -1].mean(-1) - cut[:, :, :, 0].mean(-1)
    torch.testing.assert_close(across, along * 0.6 * 3 / 4, atol=1e-5, rtol=0)  # from the first sample to the last
    down = cut[:, :, 1].mean(-1) - cut[:, :, 0].mean(-1)
    torch.testing.assert_close(down.norm(), across.norm() / 3)


def test_a_reader_survives_its_checkpoint_in_half_precision(reader: FaceReader, tmp_path) -> None:
    checkpoint.save(tmp_path, reader, leaf("reader", "tiny"), half=True)
    again = checkpoint.load(tmp_path)
    torch.testing.assert_close(again(pictures()).landmarks, reader(pictures()).landmarks, atol=0.02, rtol=0.02)


def test_mini_is_small_enough_to_ship() -> None:
    with torch.device("meta"):
        mini = instantiate(leaf("reader", "mini"))
    assert 2 * sum(p.numel() for p in mini.parameters()) < 25e6


def test_a_network_that_timm_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="timm has no network named 'resnet1'"):
        Backbone(name="resnet1")


def test_a_mirrored_face_has_its_eyes_exchanged(reader: FaceReader) -> None:
    """One network sees both eyes, the left one mirrored: it says the same of the other side of a mirrored picture."""
    random = torch.Generator().manual_seed(5)
    picture = 4 * torch.rand(2, 3, 48, 48, generator=random) - 2
    landmarks = torch.rand(2, 68, 2, generator=random) - 0.5
    eyes = reader.eyes
    assert eyes is not None
    right, left = eyes(picture, landmarks).chunk(2, dim=1)
    mirrored = landmarks[:, list(MIRRORED)] * torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(eyes(picture.flip(-1), mirrored), torch.cat([left, right], dim=1), atol=1e-4, rtol=1e-4)


def test_where_somebody_looks_is_seen_in_the_eyes_and_not_elsewhere(reader: FaceReader) -> None:
    eyes, picture = reader.eyes, torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(6))
    assert eyes is not None
    landmarks = torch.zeros(1, 68, 2)
    for corners, middle in zip(CORNERS, (-0.5, 0.5, 0.0), strict=True):
        landmarks[0, corners, 0] = torch.tensor([middle - 0.2, middle + 0.2])
    picture.requires_grad_()
    eyes(picture, landmarks).square().sum().backward()
    assert picture.grad is not None
    seen = picture.grad[0].abs().sum(0)
    assert seen[20:28, :24].sum() > 0 < seen[20:28, 24:].sum()
    assert seen[:8].sum() == seen[40:].sum() == 0
