"""Each loss: its known answers, and what it teaches."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vasa.config import instantiate, leaf
from vasa.data.module import FilmData
from vasa.render import VolumeRenderer
from vasa.render.adversarial import CRITIC_LOSSES, AdversarialTraining
from vasa.render.critic import MultiScaleCritic, Verdict
from vasa.render.features import TimmFeatures
from vasa.render.fixed import Fixed
from vasa.render.losses import (
    AdversarialLoss,
    ConsistencyLoss,
    ContrastLoss,
    CriticLoss,
    CrossIdentityLoss,
    GazeLoss,
    IdentityLoss,
    MatchingLoss,
    PerceptualLoss,
    ReadLoss,
)
from vasa.render.meaning import Meaning
from vasa.render.passes import Passes
from vasa.render.readers import ReaderEyes, ReaderFace, ReaderFeatures, ReaderIdentity
from vasa.render.scenes import Scene, scene

LABELS = ("pixel", "moved", "field", "depth", "route", "pose", "expression", "spread")
TERMS = ("perceptual", "gaze", "read", "identity", "contrast", "consistency", "cross_identity")
SHOWS = {"appearance", "identity", "dynamics", "to_canonical", "canonical", "to_posed", "projection", "decoder"}
# Which parts each loss may teach; all others, and the networks that judge, must stay as they are.
TEACHES = (
    {name: SHOWS for name in (*TERMS, "adversarial", "matching", "pixel")}
    | {"moved": SHOWS - {"decoder"}, "depth": SHOWS - {"decoder"}}
    | {"field": {"identity", "dynamics", "to_posed"}, "route": {"identity", "dynamics", "to_canonical"}}
    | {"pose": {"pose"}, "expression": {"dynamics", "meaning"}, "spread": {"dynamics"}}
)


class Means(nn.Module):
    """The mean colour of a picture, as one map."""

    def forward(self, picture: Tensor) -> list[Tensor]:
        return [picture.mean((2, 3), keepdim=True)]


def _training(renderer: VolumeRenderer) -> AdversarialTraining:
    perceptual = PerceptualLoss(features=ReaderFeatures(), size=32)
    terms = {
        "perceptual": perceptual,
        "gaze": GazeLoss(eyes=ReaderEyes()),
        "read": ReadLoss(face=ReaderFace()),
        "identity": IdentityLoss(identity=ReaderIdentity()),
        "contrast": ContrastLoss(),
        "consistency": ConsistencyLoss(perceptual=perceptual),
        "cross_identity": CrossIdentityLoss(identity=ReaderIdentity()),
    }
    torch.manual_seed(1)
    renderer.meaning = Meaning(dynamics=renderer.space.dynamics, labels=15)
    return AdversarialTraining(
        renderer, weights=dict.fromkeys([name for name in TEACHES if name not in CRITIC_LOSSES], 1.0),
        critic_weights=dict.fromkeys(CRITIC_LOSSES, 1.0), terms=terms, seed=0, steps=10,
        critic=MultiScaleCritic(scales=2, widths=[8, 16], spectral=True), critic_rate=1e-3, clip=1.0, accumulate=1,
        learning_rate=1e-3, warmup=1, hold=0.5, trust=0.5, colour=0.1, emphasis=2.0, foreground=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def training() -> AdversarialTraining:
    torch.manual_seed(0)
    return _training(instantiate(leaf("renderer", "tiny")).eval())


@pytest.fixture(scope="module")
def view(film: Path) -> Scene:
    data = FilmData(str(film), batch_size=2, drivers=2, seed=0, held_out=2)
    batch = next(iter(data.train_dataloader()))
    return scene(batch, torch.Generator().manual_seed(0), colour=0.1, emphasis=2.0)


def _found(training: AdversarialTraining, view: Scene) -> tuple[dict[str, Tensor], Passes]:
    found, passes = training.losses(view, torch.Generator().manual_seed(0))
    assert passes is not None
    return found | training.judged(passes), passes


@pytest.fixture(scope="module")
def found(training: AdversarialTraining, view: Scene) -> dict[str, Tensor]:
    return _found(training, view)[0]


def _moved(training: nn.Module) -> set[str]:
    """Parts that have a gradient: those of the renderer, and what stands beside it."""
    names = {n.removeprefix("renderer.") for n, p in training.named_parameters() if p.grad is not None and p.grad.any()}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("name", TEACHES)
def test_each_loss_teaches_its_parts_and_no_other(
    name: str, training: AdversarialTraining, found: dict[str, Tensor]
) -> None:
    training.zero_grad()
    found[name].backward(retain_graph=True)
    assert _moved(training) == TEACHES[name]


def test_the_critic_learns_nothing_from_the_renderer_s_losses_and_the_renderer_nothing_from_the_critic_s(
    training: AdversarialTraining, view: Scene
) -> None:
    _, passes = _found(training, view)
    training.zero_grad()
    training.judging(training.critic(passes.picture.detach()), training.critic(passes.target.picture)).backward()
    assert _moved(training) == {"critic"}


def test_every_loss_has_a_row_in_the_table(found: dict[str, Tensor]) -> None:
    assert found.keys() == TEACHES.keys()
    assert set(TEACHES) == {*LABELS, *TERMS, "adversarial", "matching"}


def test_pictures_that_equal_the_truth_cost_nothing(training: AdversarialTraining, view: Scene) -> None:
    _, passes = _found(training, view)
    passes.picture = passes.target.picture
    passes.two_routes = (passes.source.picture, passes.source.picture)
    for name in ("perceptual", "gaze", "read", "identity", "consistency"):
        assert float(training.terms[name](passes)) == pytest.approx(0, abs=1e-5), name
    made = training.critic(passes.picture)
    assert float(training.matching(made, made).detach()) == 0


@pytest.mark.parametrize("name", ["gaze", "read"])
def test_what_is_read_moves_only_pixels_that_show_it(name: str, training: AdversarialTraining, view: Scene) -> None:
    elsewhere = {"gaze": view.target.eyes == 0, "read": view.target.emphasis == 1}[name]
    _, passes = _found(training, view)
    passes.picture = passes.picture.detach().requires_grad_()
    training.terms[name](passes).backward()
    moved = passes.picture.grad.abs().amax(1, keepdim=True) > 0
    assert moved.any()
    assert not moved[elsewhere].any()


def test_the_background_asks_nothing(training: AdversarialTraining, view: Scene) -> None:
    passes = _found(training, view)[1]
    person = view.target.foreground()
    assert 0 < person.mean() < 1
    behind = (person == 0).expand_as(passes.picture)
    assert torch.equal(passes.picture[behind], view.target.picture[behind])
    grad = torch.autograd.grad(passes.picture.sum(), passes.shown.picture)[0]
    torch.testing.assert_close(grad, person.expand_as(grad))


def test_losses_between_people_need_two(training: AdversarialTraining, film: Path) -> None:
    alone = scene(
        next(iter(FilmData(str(film), batch_size=1, drivers=1, seed=0, held_out=2).train_dataloader())),
        torch.Generator().manual_seed(0), colour=0.1, emphasis=2.0,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"set data\.batch_size=2"):
        training.losses(alone, torch.Generator().manual_seed(0))


def test_contrast_has_the_published_value() -> None:
    same, other = torch.eye(2)[:1], torch.eye(2)[1:]
    met = float(ContrastLoss().of(torch.stack([same, same]), same, other))
    missed = float(ContrastLoss().of(torch.stack([other, other]), same, other))
    # cos is 1 and 0: d = 5 (1 - 0.2) = 4 and -1; each of two positives stands against two negatives.
    assert met == pytest.approx(2 * -math.log(math.exp(4) / (math.exp(4) + 2 * math.exp(-1))), rel=1e-5)
    assert missed == pytest.approx(2 * -math.log(math.exp(-1) / (math.exp(-1) + 2 * math.exp(4))), rel=1e-5)


def test_perceptual_weighs_maps_and_averages_scales() -> None:
    x, y, pose = torch.full((1, 3, 16, 16), 0.75), torch.full((1, 3, 16, 16), 0.5), torch.zeros(1, 6)
    plain = PerceptualLoss(features=Means(), reach=None, scales=3, weights=[0.2], relative=False)
    assert float(plain.between(x, y, pose)) == pytest.approx(0.2 * 0.25)
    assert float(PerceptualLoss(features=Means(), reach=None).between(x, y, pose)) == pytest.approx(0.25 / 0.5)
    with pytest.raises(ValueError, match="a weight for each of 1 maps"):
        PerceptualLoss(features=Means(), reach=None, weights=[1, 2]).between(x, y, pose)


def test_hinge_losses_have_their_known_values() -> None:
    sure = [Verdict(torch.full((1, 1, 2, 2), 2.0), [torch.ones(1, 4, 2, 2)])]
    unsure = [Verdict(torch.zeros(1, 1, 2, 2), [torch.zeros(1, 4, 2, 2)])]
    fooled = [Verdict(torch.full((1, 1, 2, 2), -2.0), [torch.ones(1, 4, 2, 2)])]
    assert float(CriticLoss()(fooled, sure)) == 0  # made below -1, real above 1
    assert float(CriticLoss()(unsure, unsure)) == 2
    assert float(AdversarialLoss()(sure)) == -2
    assert float(MatchingLoss()(sure, unsure)) == 1


def test_a_critic_judges_patches_at_halved_sizes() -> None:
    torch.manual_seed(0)
    critic = MultiScaleCritic(scales=2, widths=[8, 16, 16], spectral=True).eval()
    fine, coarse = critic(torch.rand(1, 3, 32, 32))
    assert (fine.score.shape[-1], coarse.score.shape[-1]) == (8, 4)
    assert [x.shape[-1] for x in fine.maps] == [16, 8, 8]
    norm = torch.linalg.matrix_norm(critic.critics[0].layers[1].weight.detach().flatten(1), ord=2)
    assert float(norm) == pytest.approx(1, abs=0.1)


def test_fixed_networks_are_not_part_of_what_is_trained() -> None:
    network = nn.BatchNorm2d(3)
    fixed = Fixed(network).train()
    fixed(torch.rand(2, 3, 4, 4))
    assert not list(fixed.parameters())
    assert not fixed.state_dict()
    assert not network.running_mean.any()  # evaluation mode, whatever the training does
    assert fixed.double().network.weight.dtype == torch.float64
    assert copy.deepcopy(fixed).network is network


def test_timm_features_are_those_of_the_modules_named(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, weights = timm.create_model("test_resnet", num_classes=0).eval(), str(tmp_path / "resnet.safetensors")
    save_file(network.state_dict(), weights)
    features = TimmFeatures(
        name="test_resnet", weights=weights, taps=["bn1", "act1"], mean=[0.0] * 3, std=[1.0] * 3, bgr=True, span=255.0
    ).eval()
    picture = torch.rand(1, 3, 32, 32)
    before, after = features(picture)
    torch.testing.assert_close(before, network.bn1(network.conv1(picture.flip(1) * 255)))
    torch.testing.assert_close(after, before.relu())
    with pytest.raises(ValueError, match="no module 'nose'"):
        TimmFeatures(name="test_resnet", weights=weights, taps=["nose"])
    with pytest.raises(ValueError, match="no file"):
        TimmFeatures(name="test_resnet", weights=str(tmp_path / "no.pth"), taps=["act1"])
