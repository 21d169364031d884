from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from vasa import checkpoint
from vasa.cli.train_motion import fitted, run
from vasa.config import instantiate, leaf
from vasa.data.latents import Latents, Windows, WindowStream, head
from vasa.motion import DiffusionMotion
from vasa.motion.loss import Dropout, masked_mse, smoothness_mse, usual_speed, velocity_mse
from vasa.motion.probe import LinearProbe, correlation
from vasa.motion.track import Track
from vasa.motion.training import MotionTraining, conditions_of, draw
from vasa.training import Export, MovingAverage
from vasa.types import Controls


def training(generator: DiffusionMotion, dropout: Dropout | None = None) -> MotionTraining:
    probe = LinearProbe(torch.zeros(14, 1), torch.zeros(1))
    return MotionTraining(
        generator,
        probe,
        torch.ones(14),
        learning_rate=1e-3,
        warmup=2,
        steps=100,
        seed=0,
        dropout=dropout or Dropout(),
        velocity=0.1,
    )


def windows(folder: Path) -> Windows:
    return Windows(Latents.load(folder).split("train"), window=10, carry=4)


@pytest.fixture
def batch(folder: Path) -> Track:
    return next(iter(WindowStream(windows(folder), batch_size=64, seed=0)))


def test_losses_are_zero_for_the_truth_and_ignore_what_is_unknown() -> None:
    truth, known = torch.randn(2, 6, 3), torch.tensor([[True] * 6, [True] * 3 + [False] * 3])
    wrong = torch.where(known[..., None], truth, 9.0)
    assert masked_mse(wrong, truth, known) == 0
    assert velocity_mse(wrong, truth, known, torch.ones(3)) == 0
    assert smoothness_mse(wrong, truth, known, torch.ones(3)) == 0
    assert masked_mse(truth + 1, truth, known) == pytest.approx(1)
    assert velocity_mse(truth + 1, truth, known, torch.ones(3)) == pytest.approx(0, abs=1e-10)
    drift = torch.arange(6.0)[:, None]  # evenly faster is another velocity and as smooth
    assert velocity_mse(truth + drift, truth, known, torch.ones(3)) == pytest.approx(1)
    assert smoothness_mse(truth + drift, truth, known, torch.ones(3)) == pytest.approx(0, abs=1e-10)


def test_a_training_step_moves_every_parameter(tiny: DiffusionMotion, batch: Track) -> None:
    training(tiny).training_step(batch, 0).backward()
    still = [name for name, p in tiny.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert still == []  # among them the null of every condition


def test_speed_is_how_much_a_latent_moves_in_a_frame(folder: Path) -> None:
    clips = Latents.load(folder).split("train")
    speed = usual_speed(clips)
    still = [clip.map(torch.zeros_like) for clip in clips]
    relative = [
        velocity_mse(s.motion[None], c.motion[None], c.known[None], speed) for s, c in zip(still, clips, strict=True)
    ]
    assert torch.stack(relative).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("term", ["denoise", "velocity", "smoothness"])
def test_each_loss_term_reaches_the_network(tiny: DiffusionMotion, batch: Track, term: str) -> None:
    training(tiny).losses(batch, torch.Generator().manual_seed(0))[term].backward()
    still = [name for name, p in tiny.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert still == []


def test_conditions_are_lost_as_often_as_published(batch: Track) -> None:
    many = conditions_of(Track.join([batch] * 40, torch.cat), carry=4)
    kept = Dropout(tail=0.0)(many, torch.Generator().manual_seed(0))
    assert kept.audio.known.any(1).float().mean() == pytest.approx(0.9, abs=0.03)
    assert kept.gaze.known.float().mean() == pytest.approx(0.9, abs=0.03)
    begun = many.previous_motion.known.any(1)
    assert kept.previous_motion.known.any(1)[begun].float().mean() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(kept.previous_motion.known, kept.previous_audio.known)


def test_directed_samples_always_see_what_was_asked_for(batch: Track) -> None:
    many = conditions_of(Track.join([batch] * 40, torch.cat), carry=4)
    directed = torch.arange(len(many.gaze.known)) % 2 == 0
    kept = Dropout(condition=0.5)(many, torch.Generator().manual_seed(0), directed)
    for name in ("gaze", "emotion"):
        assert getattr(kept, name).known[directed].all()
        assert getattr(kept, name).known[~directed].float().mean() == pytest.approx(0.5, abs=0.1)
    assert kept.distance.known[directed].float().mean() == pytest.approx(0.5, abs=0.1)


def test_some_samples_are_asked_for_nothing_but_never_directed_ones(batch: Track) -> None:
    many = conditions_of(Track.join([batch] * 40, torch.cat), carry=4)
    directed = torch.arange(len(many.gaze.known)) % 2 == 0
    kept = Dropout(condition=0.0, free=0.5)(many, torch.Generator().manual_seed(0), directed)
    known = torch.stack([getattr(kept, name).known[:, 0] for name in ("gaze", "distance", "emotion")])
    assert known[:, directed].all()
    assert (known[:, ~directed].all(0) | ~known[:, ~directed].any(0)).all()
    assert known[0, ~directed].float().mean() == pytest.approx(0.5, abs=0.1)


def test_a_lost_tail_is_the_end_of_the_sound(batch: Track) -> None:
    lost = Dropout(condition=0.0, tail=1.0)(conditions_of(batch, carry=4), torch.Generator().manual_seed(0))
    heard = lost.audio.known.sum(1)
    assert heard.min() == 5
    assert heard.max() == 9
    assert (lost.audio.known.int().diff(dim=1) <= 0).all()


def test_streams_of_short_hops_are_trained_on_as_little_sound(batch: Track) -> None:
    lost = Dropout(condition=0.0, tail=1.0, least=2)(conditions_of(batch, carry=4), torch.Generator().manual_seed(0))
    assert lost.audio.known.sum(1).min() == 2


def test_processes_share_the_batches_of_a_step(folder: Path) -> None:
    source = windows(folder)
    alone = iter(WindowStream(source, batch_size=4, seed=0))
    pair = [iter(WindowStream(source, batch_size=4, seed=0, share=partial(tuple, (rank, 2)))) for rank in range(2)]
    for _ in range(2):
        for one in pair:
            assert torch.equal(next(one).motion, next(alone).motion)


@pytest.mark.parametrize("objective", ["PredictClean", "PredictNoise", "PredictVelocity", "PredictFlow"])
def test_a_network_that_knows_the_answer_has_no_loss(tiny: DiffusionMotion, batch: Track, objective: str) -> None:
    """The audit: every objective's loss is zero for its own target, and every term is above zero else."""
    module = training(tiny)
    tiny.objective = instantiate({"_target_": f"vasa.motion.objective.{objective}"})
    x0 = batch.motion[:, 4:]

    class Oracle(torch.nn.Module):
        def forward(self, x_t: torch.Tensor, time: torch.Tensor, _: object) -> torch.Tensor:
            alpha, sigma = (f(time)[:, None, None] for f in (tiny.schedule.alpha, tiny.schedule.sigma))
            return tiny.objective.target(x0, (x_t - alpha * x0) / sigma, alpha, sigma)

    wrong = module.losses(batch, torch.Generator().manual_seed(0))
    tiny.net = Oracle()
    tiny.net.carry = 4
    right = module.losses(batch, torch.Generator().manual_seed(0))
    assert set(right) == {"denoise", "velocity", "smoothness"}
    for name, value in right.items():
        assert float(value) < 1e-3 * float(wrong[name]), name


@pytest.mark.slow
def test_two_processes_train_one_model(folder: Path, tmp_path: Path) -> None:
    words = [
        "motion=tiny", f"data.folder={folder}", f"output={tmp_path / 'motion'}", "steps=3", "batch_size=4", "threads=1",
        "trainer.accelerator=cpu", "trainer.devices=2", "+trainer.strategy=ddp_fork", "trainer.precision=32-true",
        "trainer.val_check_interval=3", "+trainer.enable_progress_bar=false", "average=0",
    ]  # fmt: skip
    code = f"from vasa.cli.train_motion import run; run({words!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    both = checkpoint.load(tmp_path / "motion").state_dict()
    fresh = instantiate(fitted(leaf("motion", "tiny"), Latents.load(folder))).state_dict()
    assert all(value.isfinite().all() for value in both.values())
    assert not torch.equal(both["net.head.weight"], fresh["net.head.weight"])


def test_a_run_that_resumes_equals_one_that_never_stopped(folder: Path, tmp_path: Path) -> None:
    def train(steps: int, place: Path, resume: Path | None = None) -> torch.Tensor:
        torch.manual_seed(0)
        module = training(instantiate(leaf("motion", "tiny")))
        save = ModelCheckpoint(place, filename="last", every_n_train_steps=3)
        trainer = Trainer(
            max_steps=steps, accelerator="cpu", callbacks=[MovingAverage(decay=0.9), save], logger=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        batches = WindowStream(windows(folder), batch_size=8, seed=0, first=lambda: trainer.global_step)
        trainer.fit(module, DataLoader(batches, batch_size=None), ckpt_path=resume)
        return torch.cat([p.detach().flatten() for p in module.generator.parameters()])

    whole = train(6, tmp_path / "whole")
    train(3, tmp_path / "half")
    resumed = train(6, tmp_path / "rest", tmp_path / "half" / "last.ckpt")
    torch.testing.assert_close(resumed, whole, rtol=1e-5, atol=1e-6)


def test_lips_learn_to_follow_sound_never_heard(folder: Path, tiny: DiffusionMotion) -> None:
    module = training(tiny.train(), Dropout(tail=0.0))
    source = WindowStream(windows(folder), batch_size=64, seed=0)
    optimizer = torch.optim.AdamW(tiny.parameters(), lr=4e-3)
    for step, batch in zip(range(500), source, strict=False):
        loss = module.losses(batch, torch.Generator().manual_seed(step))["denoise"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    track = head(Latents.load(folder).split("test"), frames=40, count=2)
    with torch.inference_mode():
        drawn = draw(tiny.eval(), track.features, seed=0)
    follows = correlation(drawn[..., 6:7], track.motion[..., 6:7])
    assert follows.min() > 0.9


def test_the_command_writes_a_checkpoint_that_loads(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "motion"
    run([
        "motion=tiny", f"data.folder={folder}", f"output={out}", "steps=4", "batch_size=8", "threads=1",
        "trainer.accelerator=cpu", "trainer.val_check_interval=2", "trainer.log_every_n_steps=1",
        "+trainer.enable_progress_bar=false",
    ])  # fmt: skip
    generator = checkpoint.load(out)
    assert generator.space == Latents.load(folder).space
    assert generator.net.audio.std.min() != 1  # calibrated
    motion, _ = generator.step(torch.zeros(1, 10, 12), Controls(), generator.start(1, seed=0))
    assert motion.frames().isfinite().all()
    assert any(path.name.startswith("events") for path in (out / "training").iterdir())


def test_a_run_can_begin_from_an_earlier_one(folder: Path, tmp_path: Path) -> None:
    settings = ["motion=tiny", f"data.folder={folder}", "batch_size=2", "average=0", "trainer.precision=32"]
    run([*settings, f"output={tmp_path / 'first'}", "steps=2"])
    settings.append("training.learning_rate=0")
    run([*settings, f"output={tmp_path / 'second'}", f"init={tmp_path / 'first'}", "steps=1"])
    first, second = (checkpoint.load(tmp_path / name).state_dict() for name in ("first", "second"))
    torch.testing.assert_close(second, first)
    with pytest.raises(ValueError, match="is no checkpoint"):
        run([*settings, f"output={tmp_path / 'third'}", f"init={tmp_path / 'none'}", "steps=1"])


def test_a_share_of_the_first_weights_is_kept(folder: Path, tmp_path: Path) -> None:
    settings = ["motion=tiny", f"data.folder={folder}", "batch_size=2", "average=0", "trainer.precision=32"]
    run([*settings, f"output={tmp_path / 'first'}", "steps=1"])
    settings += [f"init={tmp_path / 'first'}", "steps=2"]
    run([*settings, f"output={tmp_path / 'free'}"])
    run([*settings, f"output={tmp_path / 'kept'}", "keep=0.25"])
    first, free, kept = (checkpoint.load(tmp_path / name).state_dict() for name in ("first", "free", "kept"))
    assert any(not torch.equal(first[name], free[name]) for name in first)
    torch.testing.assert_close(kept, {name: torch.lerp(free[name], first[name], 0.25) for name in first})


def test_the_command_says_what_it_needs() -> None:
    with pytest.raises(ValueError, match="needs one; got 0.5"):
        run(["motion=tiny", "data.folder=here", "output=there", "keep=0.5"])
    with pytest.raises(ValueError, match=r"needs data\.folder, output"):
        run([])


def test_what_is_written_at_validation_has_averaged_weights(folder: Path, tmp_path: Path) -> None:
    source = Latents.load(folder)
    model = fitted(leaf("motion", "tiny"), source)
    module = training(instantiate(model))
    trainer = Trainer(
        max_steps=4, accelerator="cpu", callbacks=[Export(tmp_path, "generator", model), MovingAverage(decay=0.9)],
        val_check_interval=4, check_val_every_n_epoch=None, num_sanity_val_steps=0, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    batches = WindowStream(windows(folder), batch_size=8, seed=0)
    held_out = DataLoader([head(source.split("test"), frames=20, count=2)], batch_size=None)
    trainer.fit(module, DataLoader(batches, batch_size=None), held_out)
    written = checkpoint.load(tmp_path).state_dict()  # at the end of fit, the module has the average too
    torch.testing.assert_close(written, module.generator.state_dict())
