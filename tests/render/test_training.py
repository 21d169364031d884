from __future__ import annotations

import itertools
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from vasa import checkpoint
from vasa.cli.train_renderer import run
from vasa.config import compose, folder, instantiate, leaf
from vasa.data.film import FilmPairs
from vasa.data.module import FilmData
from vasa.render import VolumeRenderer
from vasa.render.losses import along_depth
from vasa.render.meaning import Meaning
from vasa.render.scenes import CLOSED, Scene, emphasise, scene


def _scene(film: Path) -> Scene:
    data = FilmData(str(film), batch_size=2, drivers=2, seed=0, held_out=2)
    batch = next(iter(data.train_dataloader()))
    return scene(batch, torch.Generator().manual_seed(0), colour=0.1, emphasis=2.0)


def test_label_losses_are_zero_where_the_labels_are_met(film: Path) -> None:
    view = _scene(film).target
    weights = along_depth(view.depth, 8)
    torch.testing.assert_close(weights.sum(1), torch.ones_like(view.depth))
    centres = (torch.arange(8) + 0.5) / 4 - 1
    found = (weights * centres[:, None, None]).sum(1)
    torch.testing.assert_close(found, view.depth.clamp(centres[0], centres[-1]))


def test_samples_depend_on_seed_and_number_alone(film: Path) -> None:
    pairs, again = (FilmPairs(str(film), split="train", drivers=2, seed=3) for _ in range(2))
    torch.testing.assert_close(pairs[5]["frames"], again[5]["frames"])
    assert not torch.equal(pairs[5]["frames"], FilmPairs(str(film), split="train", drivers=2, seed=4)[5]["frames"])
    assert {clip.split for clip in pairs.clips} == {"train"}


def _run(film: Path, output: Path, steps: int, *more: str) -> None:
    run([*_settings(film, output, steps), *more])


def _settings(film: Path, output: Path, steps: int) -> list[str]:
    return [
        f"data.folder={film}", f"output={output}", f"steps={steps}", "renderer=tiny", "data.batch_size=2",
        "data.drivers=2", "data.held_out=2", "trainer.val_check_interval=2", "trainer.precision=32", "save_minutes=0",
        "+trainer.enable_progress_bar=false", "training.steps=8",
    ]  # fmt: skip


# Tiny critic, with the losses that need no network.
CRITIC = ("training.critic.widths=[8,16]", "+loss.critic_weights={adversarial: 0.1, matching: 1}")


@pytest.mark.parametrize(
    "settings",
    [
        ("trainer.accumulate_grad_batches=2", "trainer.val_check_interval=4"),
        (*CRITIC, "experiment=[driver,critic]", "training.accumulate=2"),
    ],
    ids=["alone", "critic"],
)
def test_a_stopped_run_goes_on_bit_for_bit(film: Path, tmp_path: Path, settings: tuple[str, ...]) -> None:
    _run(film, tmp_path / "whole", 3, *settings, "data.batch_size=4")
    _run(film, tmp_path / "parts", 2, *settings, "data.batch_size=4")
    _run(film, tmp_path / "parts", 3, *settings, "data.batch_size=4")
    whole, parts = (checkpoint.load(tmp_path / name).state_dict() for name in ("whole", "parts"))
    for name, value in whole.items():
        assert torch.equal(parts[name], value), name
    _assert_same(
        *(torch.load(tmp_path / name / "training" / "last.ckpt", weights_only=False) for name in ("whole", "parts"))
    )


def _assert_same(whole: dict[str, Any], parts: dict[str, Any]) -> None:
    """Weights, average and the optimisers' state of two runs."""
    average = next(key for key in whole["callbacks"] if "MovingAverage" in key)
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "global_step"):
        assert _same(parts[key], whole[key]), key
    assert _same(parts["callbacks"][average], whole["callbacks"][average])


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def test_recomputed_and_compiled_parts_give_the_same_weights(film: Path, tmp_path: Path) -> None:
    _run(film, tmp_path / "plain", 2)
    economies = ("recompute=[canonical,decoder]", "compiled=[decoder,pose]", "compiler=aot_eager")
    _run(film, tmp_path / "thrifty", 2, *economies)
    plain, thrifty = (checkpoint.load(tmp_path / name).state_dict() for name in ("plain", "thrifty"))
    torch.testing.assert_close(thrifty, plain, atol=1e-4, rtol=1e-3)


def _saved(folder: Path, *settings: str) -> VolumeRenderer:
    """A tiny renderer that knows the film's labels."""
    config = compose("train_renderer", ["renderer=tiny", *settings]).renderer
    renderer: VolumeRenderer = instantiate(config)
    renderer.meaning = Meaning.of(torch.ones(15), dynamics=renderer.space.dynamics)
    checkpoint.save(folder, renderer, {**config, "meaning": renderer.meaning.config()})
    return renderer


def test_a_grown_renderer_has_the_weights_of_the_smaller_one(film: Path, tmp_path: Path) -> None:
    small = ("renderer.image_size=16", "renderer.to_canonical.size=[4,4,4]", "renderer.to_posed.size=[4,4,4]")
    renderer = _saved(tmp_path / "small", *small)
    _run(film, tmp_path / "grown", 1, f"init={tmp_path / 'small'}", "grow=true", "training.learning_rate=0")
    grown = checkpoint.load(tmp_path / "grown")
    assert grown.image_size == 32
    torch.testing.assert_close(grown.state_dict(), renderer.state_dict())
    with pytest.raises(ValueError, match="name it with init=FOLDER"):
        _run(film, tmp_path / "none", 1, "grow=true")


def test_what_a_grown_renderer_cannot_take_is_named(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renderer = _saved(tmp_path / "tiny")
    other = ("renderer.decoder.widths=[16,8]", "training.learning_rate=0")
    _run(film, tmp_path / "grown", 1, f"init={tmp_path / 'tiny'}", "grow=true", *other)
    grown, given = checkpoint.load(tmp_path / "grown").state_dict(), renderer.state_dict()
    new = {name for name in grown if grown[name].shape != given[name].shape}
    assert new
    assert all(name.startswith("decoder.") for name in new)
    said = capsys.readouterr().out
    assert f"{len(new)} weights are new" in said
    assert all(name in said for name in new)
    torch.testing.assert_close({n: grown[n] for n in grown.keys() - new}, {n: given[n] for n in grown.keys() - new})


def test_two_processes_train_one_renderer_whole_or_sharded(film: Path, tmp_path: Path) -> None:
    strategies = {
        "ddp": ["experiment=critic", "trainer.strategy=ddp_find_unused_parameters_true"],
        "fsdp": ["experiment=[critic,fsdp]"],
    }
    (tmp_path / "shared.py").write_text("import sys; from vasa.cli.train_renderer import run; run(sys.argv[1:])")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    for name, more in strategies.items():
        settings = [
            *_settings(film, tmp_path / name, 2),
            *CRITIC,
            *more,
            "trainer.devices=2",
            "trainer.accelerator=cpu",
        ]
        command = [*torchrun, str(tmp_path / "shared.py"), *settings]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    ddp, fsdp = (checkpoint.load(tmp_path / name).state_dict() for name in strategies)
    torch.testing.assert_close(fsdp, ddp, atol=2e-4, rtol=1e-2)


@pytest.mark.parametrize("path", sorted((folder() / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_composes_and_lacks_only_files(path: Path) -> None:
    composed = compose("train_renderer", [f"experiment={path.stem}"])
    files = {"output", "data.folder", "loss.terms.face.features.weights", "loss.features.weights"}
    assert OmegaConf.missing_keys(composed) <= files
    assert composed.training._partial_
    if path.stem.startswith("paper"):
        assert composed.renderer.image_size == int(path.stem.removeprefix("paper"))


def test_processes_see_samples_of_their_own(film: Path) -> None:
    trainer = Namespace(world_size=2, accumulate_grad_batches=1, global_step=3, global_rank=0)
    data, seen = FilmData(str(film), batch_size=4, drivers=2, seed=0, held_out=2), []
    for trainer.global_rank in range(2):
        data.trainer = trainer  # type: ignore[assignment]
        seen.append(list(itertools.islice(data.train_dataloader().sampler, 8)))
    assert sorted(seen[0] + seen[1]) == list(range(24, 40))
    assert seen[0] == [*range(24, 28), *range(32, 36)]  # whole batches: samples 2n and 2n + 1 may belong together


def test_frozen_dynamics_see_the_same_twice(film: Path, tmp_path: Path) -> None:
    reader = {"_target_": "vasa.render.reader_dynamics.ReaderDynamics", "dim": 8, "hidden": 4}
    config = {**leaf("renderer", "tiny"), "dynamics": {**reader, "reader": leaf("reader", "tiny")}}
    renderer: VolumeRenderer = instantiate(config).train()
    renderer.meaning = _saved(tmp_path / "tiny").meaning
    renderer.dynamics.requires_grad_(False)
    training = instantiate(compose("train_renderer", _settings(film, tmp_path / "out", 2)).training)(renderer)
    picture, pose = torch.rand(2, 3, 32, 32), torch.zeros(2, 6)
    for _ in range(2):
        assert training.training
        assert renderer.decoder.training
        torch.testing.assert_close(renderer.dynamics(picture, pose), renderer.dynamics(picture, pose))
        training.eval().train()


def test_a_critic_does_not_train_in_half_precision(film: Path, tmp_path: Path) -> None:
    config = compose("train_renderer", [*_settings(film, tmp_path / "out", 2), *CRITIC, "experiment=critic"])
    training = instantiate(config.training)(_saved(tmp_path / "tiny"))
    training._trainer = Namespace(precision="bf16-mixed")
    training.on_fit_start()
    training._trainer = Namespace(precision="16-mixed")
    with pytest.raises(ValueError, match="bfloat16 or float32, not in 16-mixed"):
        training.on_fit_start()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["+loss.weights.gaze=1"], "no loss 'gaze' to weigh; there are pose"),
        (["experiment=critic"], "needs loss.critic_weights of adversarial and matching"),
    ],
)
def test_weights_of_no_loss_are_refused(film: Path, tmp_path: Path, words: list[str], complaint: str) -> None:
    config = compose("train_renderer", [*_settings(film, tmp_path / "out", 2), *words])
    with pytest.raises(ValueError, match=complaint):
        instantiate(config.training)(_saved(tmp_path / "tiny"))


def test_frozen_parts_stay(film: Path, tmp_path: Path) -> None:
    _run(film, tmp_path / "first", 2)
    _run(film, tmp_path / "second", 2, f"init={tmp_path / 'first'}", "frozen=[pose,dynamics]")
    first, second = (checkpoint.load(tmp_path / name) for name in ("first", "second"))
    torch.testing.assert_close(dict(second.pose.named_parameters()), dict(first.pose.named_parameters()))
    pairs = zip(first.decoder.parameters(), second.decoder.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)


def test_labelled_drivers_are_shown_as_their_labels_say(film: Path, tmp_path: Path) -> None:
    renderer, view = _saved(tmp_path / "tiny"), _scene(film)
    config = compose("train_renderer", [*_settings(film, tmp_path / "out", 2), "training.labelled=1.0"])
    training = instantiate(config.training)(renderer)
    found, passes = training.losses(view, torch.Generator().manual_seed(0))
    told = renderer.meaning.dynamics_of(view.target.expression)
    torch.testing.assert_close(passes.latents[:, 6:], told)
    found["pixel"].backward()
    by_source = [p.grad.abs().sum() for p in renderer.dynamics.parameters() if p.grad is not None]
    assert sum(by_source) > 0  # the source is still read from its picture
    assert all(p.grad is None for p in renderer.meaning.parameters())


def test_a_renderer_takes_films_with_the_labels_it_knows(film: Path, tmp_path: Path) -> None:
    config = compose("train_renderer", ["renderer=tiny"]).renderer
    renderer = instantiate(config)
    with pytest.raises(ValueError, match="give it one first"):
        instantiate(compose("train_renderer", _settings(film, tmp_path / "out", 2)).training)(renderer)
    renderer.meaning = Meaning.of(torch.ones(14), dynamics=renderer.space.dynamics)
    checkpoint.save(tmp_path / "other", renderer, {**config, "meaning": renderer.meaning.config()})
    with pytest.raises(ValueError, match="train its encoders with loss=reading"):
        _run(film, tmp_path / "out", 2, "training.labelled=0.5")
    with pytest.raises(ValueError, match="14 labels of expression, the film has 15"):
        _run(film, tmp_path / "out", 2, f"init={tmp_path / 'other'}")


def test_missing_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs data\.folder, output"):
        run([])
    with pytest.raises(ValueError, match="holds no film"):
        run([f"data.folder={tmp_path}", f"output={tmp_path / 'out'}"])


def test_closed_eyes_count_more_than_open_ones_and_the_rest_least() -> None:
    canonical = {"eye": (0.2, -0.2), "mouth": (0.0, 0.2), "cheek": (0.4, 0.1)}
    place = torch.zeros(1, 2, 5, 1, 3)
    for column, (x, y) in enumerate(canonical.values()):
        place[..., :2, 0, column] = torch.tensor([(x + 1) * 127.5, (y + 1) * 127.5])
    place[..., 4, :, :] = 2
    found = emphasise(place, 3, 2.0, closed=torch.tensor([[0.0, 1.0]]))[0][0, :, 0, 0]
    assert found.tolist() == [[3, 3, 1], [1 + 2 * (1 + CLOSED), 3, 1]]
