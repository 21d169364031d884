"""A closeup's training moves the closeup alone, varies faces alike, and goes through its command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.data.film import FilmPairs
from vasa.render import VolumeRenderer
from vasa.render.closeup import surface
from vasa.render.closeup.beginning import FARTHER, PITCH, YAW, begin, begin_eyes
from vasa.render.closeup.drawing import Drawing, bent
from vasa.render.closeup.training import CloseupTraining, parts_of, weighed
from vasa.render.meaning import Meaning

WEIGHTS = {
    "pixel": 1.0, "place": 1.0, "perceptual": 1.0, "eyes": 1.0, "mouth": 1.0, "smooth": 0.1, "paint": 0.1,
    "inside": 0.1, "teeth": 0.1, "eyeballs": 0.1,
}  # fmt: skip


class Edges(nn.Module):
    """Features that need no weights."""

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        return [picture.diff(dim=-1).abs() + 0.1, nn.functional.avg_pool2d(picture, 4)]


@pytest.fixture
def batch(film: Path) -> dict[str, torch.Tensor]:
    pairs = FilmPairs(str(film), split="train", drivers=2, behind=True)
    rows = [pairs[number] for number in range(2)]
    return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}


@pytest.fixture
def training(renderer: VolumeRenderer, film: Path) -> CloseupTraining:
    torch.manual_seed(0)
    renderer.closeup = instantiate({**leaf("closeup", "tiny"), "motion": renderer.space.size})
    spread = FilmPairs(str(film), split="train", drivers=1).expression_spread()
    renderer.meaning = Meaning.of(spread, dynamics=renderer.space.dynamics)
    return CloseupTraining(
        renderer, weights=WEIGHTS, learning_rate=1e-2, warmup=1,
        steps=50, hold=0.5, seed=0, labelled=0.5, colour=0.1, bend=0.05, emphasis=3.0, features=Edges(),
    )  # fmt: skip


def test_parts_learn_and_the_rest_stays(training: CloseupTraining, batch: dict[str, torch.Tensor]) -> None:
    training = CloseupTraining(
        training.renderer, weights=WEIGHTS, learning_rate=1e-2, warmup=1, steps=50, hold=0.5, seed=0, labelled=0.5,
        colour=0.1, bend=0.05, emphasis=3.0, features=Edges(), parts=["teeth"],
    )  # fmt: skip
    _total(training, batch).backward()
    moved = {name.split(".")[0] for name, value in training.closeup.named_parameters() if value.grad is not None}
    assert moved == {"teeth"}
    assert parts_of(training.closeup, None) == [training.closeup]
    with pytest.raises(ValueError, match="no part 'lips'; it has first, down"):
        parts_of(training.closeup, ["lips"])


def _total(training: CloseupTraining, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    drawing = training.drawing(batch, torch.Generator().manual_seed(0))
    found = training.losses(drawing)
    return torch.stack([found[name] * weight for name, weight in training.weights.items()]).sum()


def test_the_closeup_learns_and_nothing_else(training: CloseupTraining, batch: dict[str, torch.Tensor]) -> None:
    before = {name: value.clone() for name, value in training.renderer.state_dict().items()}
    optimizer = torch.optim.AdamW(training.closeup.parameters(), lr=1e-2)
    first = float(_total(training, batch).detach())
    for _ in range(12):
        optimizer.zero_grad()
        _total(training, batch).backward()
        optimizer.step()
    assert float(_total(training, batch).detach()) < 0.95 * first
    moved = {
        n.split(".")[0] for n, value in training.renderer.state_dict().items() if not torch.equal(value, before[n])
    }
    assert moved == {"closeup"}


def test_each_loss_is_nothing_where_the_patch_is_right(
    training: CloseupTraining, batch: dict[str, torch.Tensor]
) -> None:
    drawing = training.drawing(batch, None)
    maps = torch.zeros_like(drawing.change)
    maps[:, 2] = 1
    nowhere = torch.zeros_like(drawing.astray)
    right = replace(
        drawing, made=drawing.truth, change=maps, astray=nowhere, inside=nowhere, eyeballs=drawing.eyeballs.round(),
        eyeballs_said=drawing.eyeballs.round(),
    )  # fmt: skip
    found = training.losses(right)
    assert {name: float(value) for name, value in found.items()} == dict.fromkeys(WEIGHTS, 0)


@pytest.mark.parametrize(("part", "place"), [("eyes", (0.2, -0.2)), ("mouth", (0.0, 0.25))])
def test_eyes_and_mouth_are_looked_at_enlarged_each_alone(
    training: CloseupTraining, batch: dict[str, torch.Tensor], part: str, place: tuple[float, float]
) -> None:
    drawing = training.drawing(batch, None)
    (column, row) = ((surface.on_square(torch.tensor(place)) + 1) * 8).int().tolist()  # of a patch of 16 x 16
    made = drawing.truth.clone()
    made[..., row, column] = 1 - made[..., row, column]
    found = training.losses(replace(drawing, made=made))
    assert {name for name in ("eyes", "mouth") if found[name]} == {part}


def test_looked_up_where_it_is_a_place_is_not_astray(training: CloseupTraining, batch: dict[str, torch.Tensor]) -> None:
    """Sources drawn as themselves are looked up where they are; steps aside are as far astray as they go."""
    frames, places, behind = (batch[name][:, :1].repeat(1, 2, 1, 1, 1) for name in ("frames", "place", "behind"))
    latents = torch.cat([batch["pose"][:, :1], torch.zeros(2, 1, training.renderer.space.dynamics)], dim=2)

    def astray() -> torch.Tensor:
        aside = torch.zeros(2, 16, 16, 2)
        return Drawing.of(training.closeup, frames.float() / 255, places, behind, latents.repeat(1, 2, 1), aside).astray

    assert not astray().any()
    torch.nn.init.constant_(training.closeup.last.bias[0], 0.25)
    moved = astray()
    assert 0.02 < float(moved[moved > 0].mean()) < 0.12  # 0.05 canonical units in x, and what that is in y and z


def test_a_step_repeats_and_validation_is_without_chance(
    training: CloseupTraining, batch: dict[str, torch.Tensor]
) -> None:
    one, again = (training.drawing(batch, torch.Generator().manual_seed(3)) for _ in range(2))
    torch.testing.assert_close(one.made, again.made)
    truth = training.closeup.patch(batch["frames"][:, 1].float() / 255, batch["pose"][:, 1])
    torch.testing.assert_close(training.drawing(batch, None).truth[::2], truth)


def test_faces_are_bent_smoothly(training: CloseupTraining) -> None:
    assert not bent(training.closeup, 2, 0.1, None).any()
    aside = bent(training.closeup, 200, 0.1, torch.Generator().manual_seed(0))
    assert aside.shape == (200, 16, 16, 2)
    assert 0.02 < float(aside.std()) < 0.06
    assert float(aside.diff(dim=1).std()) < 0.5 * float(aside.std())


def test_eyes_and_mouth_weigh_more(training: CloseupTraining) -> None:
    weights = weighed(training.closeup, 3.0)
    assert {1.0, 4.0} == {*weights.flatten().tolist()}
    assert float(weights[10, 8]) == 4.0  # the mouth
    assert float(weights[6, 8]) == 1.0  # the nose


def test_where_eyeballs_are_is_learned_of_drivers_and_sources(
    training: CloseupTraining, batch: dict[str, torch.Tensor]
) -> None:
    batch["behind"][:, :, 1] = 0
    batch["behind"][0, 1:, 1] = 1  # the first face's drivers, and the second's source
    batch["behind"][1, 0, 1] = 1
    drawing = training.drawing(batch, None)
    assert (drawing.eyeballs.amax((1, 2)) > 0.9).tolist() == [True, True, False, False, False, True]
    for part in (slice(0, 4), slice(4, 6)):  # said in `forward`, and in `look`
        training.zero_grad()
        said = drawing.eyeballs_said[part]
        training.closeup.eyes.missed(said, drawing.eyeballs[part]).mean().backward(retain_graph=True)
        assert float(training.closeup.last.bias.grad[18:22].abs().min()) > 0


def test_eyeballs_are_not_missed_where_skin_should_be(
    training: CloseupTraining, batch: dict[str, torch.Tensor]
) -> None:
    torch.nn.init.constant_(training.closeup.last.bias[0], 0.25)
    astray = [
        training.drawing(batch | {"behind": torch.full_like(batch["behind"], shown)}, None).astray for shown in (0, 1)
    ]
    assert float(astray[0].max()) > 0.02
    assert float(astray[1].max()) < 1e-6


def test_a_renderer_without_a_closeup_is_refused(renderer: VolumeRenderer) -> None:
    with pytest.raises(ValueError, match="give it both first"):
        CloseupTraining(
            renderer, weights={}, learning_rate=1e-3, warmup=1, steps=1, hold=0.5, seed=0, labelled=1.0, colour=0.0,
            bend=0.0, emphasis=0.0,
        )  # fmt: skip


def _command(film: Path, init: Path, output: Path, *words: str) -> int:
    settings = [
        f"init={init}", f"output={output}", f"data.folder={film}", "closeup=tiny", "steps=2", "first_frames=60",
        "data.batch_size=2", "data.drivers=2", "data.held_out=2", "trainer.val_check_interval=1",
        "trainer.accelerator=cpu",
    ]  # fmt: skip
    return main(["train", "closeup", *settings, *words])


@pytest.mark.parametrize("spectral", [False, True])
def test_the_command_gives_a_renderer_a_closeup_and_trains_it_further(
    film: Path, tmp_path: Path, spectral: bool
) -> None:
    config = OmegaConf.merge(leaf("renderer", "tiny"), {"spectral": spectral})
    checkpoint.save(tmp_path / "plain", instantiate(config), config)
    assert _command(film, tmp_path / "plain", tmp_path / "first") == 0
    assert _command(film, tmp_path / "first", tmp_path / "second", "seed=1") == 0
    first, second = (checkpoint.load(tmp_path / name) for name in ("first", "second"))
    assert first.meaning is not None
    assert first.articulation.gain == 1.2
    before, after = first.state_dict(), second.state_dict()
    moved = {name.split(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == {"closeup"}
    assert _command(film, tmp_path / "first", tmp_path / "second", "seed=1") == 0  # nothing is left to do
    again = checkpoint.load(tmp_path / "second").state_dict()
    assert all(torch.equal(value, after[name]) for name, value in again.items())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["data.drivers=0"], "data.drivers is 1 or more"), (["data.size=16"], "set data.size=32"),
        (["squeezenet=nowhere"], "There is no file nowhere"), (["data.behind=false"], "leave data.behind as it is"),
    ],
)  # fmt: skip
def test_what_a_closeup_cannot_learn_from_is_refused(
    renderer: VolumeRenderer, film: Path, tmp_path: Path, words: list[str], complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    checkpoint.save(tmp_path / "plain", renderer, leaf("renderer", "tiny"))
    assert _command(film, tmp_path / "plain", tmp_path / "out", *words) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_the_command_wants_a_volume_renderer(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = OmegaConf.create({"_target_": "vasa.render.meaning.Meaning", "dynamics": 2, "labels": 3})
    checkpoint.save(tmp_path / "other", instantiate(config), config)
    assert _command(film, tmp_path / "other", tmp_path / "o") == 2
    assert "is part of a VolumeRenderer" in capsys.readouterr().err


def test_first_steps_are_those_that_labels_tell(training: CloseupTraining) -> None:
    """What lies at q came from q plus the first dynamics number times (0.02, -0.01): so far is looked aside."""
    closeup, meaning = training.closeup, training.meaning
    random = torch.Generator().manual_seed(0)
    count = meaning.line.in_features
    with torch.no_grad():
        meaning.line.weight.copy_(torch.eye(meaning.line.out_features)[:, :count])
        meaning.line.bias.zero_()
        meaning.spread.fill_(1.0)
    labels = torch.zeros(40, 4, meaning.line.out_features)
    labels[..., :count] = torch.randn(40, 4, count, generator=random)
    axis = (torch.arange(64) + 0.5) / 32 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    flat = torch.stack([x, y, torch.zeros_like(x)]).expand(40, 4, -1, -1, -1)  # heads look on: pixels are places
    moved = flat + labels[..., :1, None, None] * torch.tensor([0.02, -0.01, 0.0])[:, None, None]
    place = torch.cat([(moved + 1) * 127.5, torch.zeros(40, 4, 1, 64, 64), torch.full((40, 4, 1, 64, 64), 2.0)], dim=2)
    begin(closeup, meaning, place, torch.zeros(40, 4, 6), labels)
    inner = closeup.basis.detach()[:, :, 1:-1, 1:-1] * closeup.STEP
    wanted = torch.zeros_like(inner)
    wanted[6] = torch.tensor([0.02, -0.01])[:, None, None]
    torch.testing.assert_close(inner, wanted, atol=2e-3, rtol=0)


def test_eyes_turn_at_first_as_labels_tell(training: CloseupTraining) -> None:
    """To the right: what lay to the left of an iris comes to where it was. Up: what lay below."""
    closeup, meaning, size = training.closeup, training.meaning, training.renderer.space.size
    with torch.no_grad():
        meaning.line.weight.zero_()
        meaning.line.weight[YAW, 3] = meaning.line.weight[PITCH, 4] = 1.0
    begin_eyes(closeup, meaning)
    turned = closeup.eyes.turned(torch.eye(size))
    wanted = torch.zeros(size, 2)
    wanted[6 + 3, 0], wanted[6 + 4, 1] = -0.075, 0.075
    wanted[0, 0], wanted[1, 1] = -0.022, 0.022
    torch.testing.assert_close(turned, FARTHER * wanted)
