"""The reader's losses and scores against numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from vasa.face import losses
from vasa.face.labels import FaceLabels
from vasa.face.points import OUTER_CORNERS
from vasa.face.reading import Estimate
from vasa.face.scores import correlation, gaze_degrees, nme, same_person

COUNT = 4


def truth() -> FaceLabels:
    random = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return 0.4 * torch.rand(COUNT, *shape, generator=random)

    yes = torch.ones(COUNT, dtype=torch.bool)
    return FaceLabels(
        landmarks=draw(68, 2), seen=torch.rand(COUNT, 68, generator=random) < 0.8, pose=draw(6), gaze=draw(2),
        blink=draw(2), lip_opening=draw(), arkit=draw(52), emotion=torch.eye(8)[:COUNT], acted=yes,
        person=torch.arange(COUNT), face=yes,
    )  # fmt: skip


def perfect(known: FaceLabels) -> Estimate:
    return Estimate(
        landmarks=known.landmarks, spread=torch.full((COUNT, 68), 1e-4), pose=known.pose, gaze=known.gaze,
        blink=known.blink, lip_opening=known.lip_opening, arkit=known.arkit, emotion=200 * known.emotion,
        identity=torch.eye(COUNT), face=torch.full((COUNT,), 50.0),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Landmark", "Pose", "Gaze", "Blink", "Lip", "Arkit", "Emotion", "Face"])
def test_what_is_read_rightly_costs_nothing(name: str) -> None:
    known = truth()
    loss = getattr(losses, f"{name}Loss")()(perfect(known), known)
    assert loss.item() == pytest.approx(0, abs=2e-3)


def test_the_wing_is_a_logarithm_near_and_a_line_far() -> None:
    known = truth()

    def loss_at(distance: float) -> float:
        moved = known.landmarks + torch.tensor([distance, 0.0])
        return losses.LandmarkLoss(wing=0.1, bend=0.02)(replace(perfect(known), landmarks=moved), known).item()

    assert loss_at(0.05) == pytest.approx(0.1 * math.log(1 + 0.05 / 0.02), rel=0.01)
    assert loss_at(0.4) - loss_at(0.3) == pytest.approx(0.1, rel=1e-3)
    assert loss_at(0.1 + 1e-5) == pytest.approx(loss_at(0.1 - 1e-5), abs=1e-4)


def test_hidden_points_count_for_less() -> None:
    known = replace(truth(), seen=torch.arange(68).expand(COUNT, -1) > 0)
    off = known.landmarks.clone()
    off[:, 0] += 1
    hidden = losses.LandmarkLoss()(replace(perfect(known), landmarks=off), known)
    seen = replace(known, seen=torch.ones_like(known.seen))
    assert 0.2 < hidden / losses.LandmarkLoss()(replace(perfect(seen), landmarks=off), seen) < 0.4


def test_the_spread_wants_to_be_the_error_and_moves_no_point() -> None:
    known = truth()
    off = (known.landmarks + torch.tensor([0.03, 0.04])).requires_grad_()  # 0.05 away

    def loss_at(spread: float) -> torch.Tensor:
        estimate = replace(perfect(known), landmarks=off, spread=torch.full((COUNT, 68), spread))
        return losses.SpreadLoss()(estimate, known)

    assert loss_at(0.05) < min(loss_at(0.045), loss_at(0.055))
    assert not loss_at(0.05).requires_grad


def test_the_margin_makes_the_own_person_harder() -> None:
    known = truth()
    plain, hard = (losses.IdentityLoss(people=COUNT, dim=COUNT, margin=margin, scale=10.0) for margin in (0.0, 0.5))
    for loss in (plain, hard):
        loss.centres.data = torch.eye(COUNT)
    expected = -math.log(math.exp(10) / (math.exp(10) + 3))
    assert plain(perfect(known), known).item() == pytest.approx(expected, abs=2e-3)
    own = 10 * math.cos(0.5)
    assert hard(perfect(known), known).item() == pytest.approx(math.log(1 + 3 * math.exp(-own)), rel=0.1)


def test_likeness_wants_two_pictures_of_a_person_near_each_other() -> None:
    known = replace(truth(), person=torch.tensor([7, 7, 9, 4]))
    loss = losses.LikenessLoss(temperature=0.5)

    def loss_at(*rows: list[float]) -> float:
        return loss(replace(perfect(known), identity=torch.tensor(rows)), known).item()

    near = loss_at([1.0, 0], [3.0, 0], [0, 1.0], [-1.0, 0])
    others = math.exp(0) + math.exp(-2)  # cosines 0 and -1 over the temperature
    assert near == pytest.approx(-math.log(math.exp(2) / (math.exp(2) + others)), rel=1e-4)
    beside = loss_at([1.0, 0], [1.0, 1.0], [0, 1.0], [-1.0, 0])
    apart = loss_at([1.0, 0], [-1.0, 0], [0, 1.0], [1.0, 0.1])
    assert near < beside < apart
    assert loss(perfect(truth()), truth()).item() == 0  # nobody is seen twice


def test_embeddings_learn_the_person_and_not_the_clip() -> None:
    """Toy people: what is seen is a person's code, and a clip's, ten times as strong, that says nothing."""
    random = torch.Generator().manual_seed(0)
    people = torch.randn(40, 8, generator=random)
    net = torch.nn.Linear(16, 8, bias=False)
    torch.nn.init.normal_(net.weight, std=0.1, generator=random)

    def seen(person: torch.Tensor) -> torch.Tensor:
        clip = 10 * torch.randn(len(person), 8, generator=random)
        return torch.cat([people[person], clip], dim=-1)

    def rows(person: torch.Tensor) -> tuple[Estimate, FaceLabels]:
        blank = {name: torch.zeros(len(person)) for name in vars(truth())}
        estimate = dict.fromkeys(vars(perfect(truth())), torch.zeros(len(person)))
        return Estimate(**estimate | {"identity": net(seen(person))}), FaceLabels(**blank | {"person": person})

    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(300):
        loss = losses.LikenessLoss()(*rows(torch.randint(30, (16,), generator=random).repeat_interleave(2)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    held_out = torch.arange(30, 40)
    gallery, query = (torch.nn.functional.normalize(net(seen(held_out)), dim=-1) for _ in range(2))
    assert same_person(query, gallery, held_out, torch.ones(10, 10, dtype=torch.bool)) > 0.9


def test_faces_that_act_nothing_teach_no_emotion() -> None:
    known = replace(truth(), acted=torch.tensor([True, False, False, False]))
    wrong = replace(perfect(known), emotion=torch.zeros(COUNT, 8))
    assert losses.EmotionLoss()(wrong, known).item() == pytest.approx(math.log(8))
    none = replace(known, acted=torch.zeros(COUNT, dtype=torch.bool))
    assert losses.EmotionLoss()(wrong, none).item() == 0


def test_half_a_smile_is_a_smile() -> None:
    """The loss is least where the strongest emotion alone is said, not its share."""
    shares = torch.zeros(COUNT, 8)
    shares[:, 4], shares[:, 5] = 0.6, 0.4
    known = replace(truth(), emotion=shares)
    sure, torn = (replace(perfect(known), emotion=logits) for logits in (200 * (shares > 0.5).float(), shares.log()))
    assert losses.EmotionLoss()(sure, known) < 1e-3 < losses.EmotionLoss()(torn, known)


def test_looks_aside_are_not_outvoted() -> None:
    """Of four people one looks aside: the best single answer is their mean, not the three's."""
    known = truth()
    known = replace(known, gaze=torch.tensor([[0.0, 0.0]] * 3 + [[0.4, 0.0]]), blink=torch.zeros(COUNT, 2))
    answers = [0.0, 0.1]
    costs = [losses.GazeLoss()(replace(perfect(known), gaze=torch.tensor([[a, 0.0]] * 4)), known) for a in answers]
    assert costs[1] < costs[0]


def test_losses_of_no_rows_are_numbers() -> None:
    known, nobody = truth(), torch.zeros(COUNT, dtype=torch.bool)
    assert losses.LandmarkLoss()(perfect(known)[nobody], known[nobody]).item() == 0


def test_a_point_off_by_a_tenth_of_the_eyes_is_ten_percent() -> None:
    points = torch.zeros(1, 68, 2)
    points[0, OUTER_CORNERS[0], 0], points[0, OUTER_CORNERS[1], 0] = -0.25, 0.25
    seen = torch.ones(1, 68, dtype=torch.bool)
    assert nme(points + torch.tensor([0.03, 0.04]), points, seen).item() == pytest.approx(10, rel=1e-4)


def test_gaze_in_degrees() -> None:
    gaze, zero = torch.tensor([[math.radians(10), 0.0], [0.0, math.radians(20)], [1.0, 1.0]]), torch.zeros(3, 2)
    opened = torch.tensor([True, True, False])
    assert gaze_degrees(gaze, zero, opened=opened).item() == pytest.approx(15, rel=1e-3)


def test_correlation_of_lines() -> None:
    track = torch.rand(20, generator=torch.Generator().manual_seed(0))
    assert correlation(3 * track + 1, track).item() == pytest.approx(1)
    assert correlation(-track, track).item() == pytest.approx(-1)
    assert correlation(torch.ones(20), track).item() == 0


def test_the_nearest_of_another_clip_is_the_same_person_or_not() -> None:
    person, clip = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([0, 1, 2, 3, 4])
    codes = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1], [0.7, 0.3], [0.1, 0.9]]), dim=-1)
    elsewhere = clip[:, None] != clip
    # 0 and 1 find each other; 2 finds 4, 3 finds 1: wrong; 4 has no second clip and does not count.
    assert same_person(codes, codes, person, elsewhere).item() == 0.5
    assert same_person(codes, codes, person, torch.eye(5, dtype=torch.bool)).item() == 1
    assert same_person(codes, codes, torch.arange(5), elsewhere).isnan()
