from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from skimage.data import astronaut

from vasa import checkpoint
from vasa.cli.train_student import run
from vasa.config import instantiate, leaf
from vasa.render import VolumeRenderer
from vasa.render.student import Student
from vasa.render.student.training import PyramidLoss, StudentTraining
from vasa.testing import check_renderer
from vasa.types import Motion


def _student(renderer: VolumeRenderer, *, avatars: int = 2, likeness: float = -1.0) -> Student:
    torch.manual_seed(0)
    made: Student = instantiate(leaf("student", "tiny"))(
        image_size=32, space=renderer.space, avatars=avatars, pose=renderer.pose, dynamics=renderer.dynamics,
        identity=renderer.identity, likeness=likeness,
    )  # fmt: skip
    return made.eval()


def _training(renderer: VolumeRenderer) -> StudentTraining:
    avatars = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    return StudentTraining(
        _student(renderer), teacher=renderer, avatars=avatars, learning_rate=3e-3, warmup=1, steps=9, hold=0.5, seed=0
    )


def _batch() -> dict[str, torch.Tensor]:
    return {"frames": torch.randint(256, (2, 3, 3, 32, 32), dtype=torch.uint8)}


def test_a_student_conforms(renderer: VolumeRenderer) -> None:
    student = _student(renderer)
    student.codes.normal_()
    check_renderer(student)


def test_the_published_student_has_the_published_size() -> None:
    with torch.device("meta"):
        teacher: VolumeRenderer = instantiate(leaf("renderer", "paper"))
        parts = {"pose": teacher.pose, "dynamics": teacher.dynamics, "identity": teacher.identity}
        student: Student = instantiate(leaf("student", "paper"))(
            image_size=512, space=teacher.space, avatars=100, **parts
        )
        assert student.faces.numel() * 2 == pytest.approx(800e6, rel=0.15)  # bytes in half precision
        shown = student.show(student.faces[:1], Motion(torch.rand(1, 1, 6), torch.rand(1, 1, 128)))
    assert shown.shape == (1, 3, 512, 512)
    assert max(math.prod(shape[2:]) for shape in student.shapes) == 64 * 64


def test_what_a_student_learns_and_what_it_leaves(renderer: VolumeRenderer) -> None:
    training = _training(renderer)
    training.training_step(_batch(), 0).backward()
    taught = {n.split(".")[0] for n, p in training.student.named_parameters() if p.grad is not None}
    assert taught == {"faces", "start", "blocks", "last"}
    assert all(p.grad is None for p in training.teacher.parameters())
    assert not training.train().teacher.training


def test_a_student_comes_nearer_to_its_teacher(renderer: VolumeRenderer) -> None:
    training, batch, avatars = _training(renderer), _batch(), torch.tensor([0, 1])
    optimizer = torch.optim.AdamW(training.student.parameters(), lr=3e-3)

    def step() -> float:
        optimizer.zero_grad()
        loss = training.pyramid(*training.shown(batch, avatars))
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    first, *_, last = [step() for _ in range(30)]
    assert last < 0.7 * first


def test_a_student_tells_its_faces_apart_and_refuses_others(renderer: VolumeRenderer) -> None:
    training = _training(renderer)
    faces = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        portrait = training.student.encode(faces.flip(0))
        assert torch.equal(portrait.volume[:, :, 0, 0, 0], training.student.faces.flip(0))
        training.student.likeness = 2.0
        with pytest.raises(ValueError, match="knows 2 faces, and a picture shows none of them"):
            training.student.encode(faces)


def test_widths_that_end_elsewhere_are_refused(renderer: VolumeRenderer) -> None:
    with pytest.raises(ValueError, match="4 widths make pictures of 32 pixels a side, not 64"):
        instantiate(leaf("student", "tiny"))(
            image_size=64, space=renderer.space, avatars=1, pose=renderer.pose, dynamics=renderer.dynamics,
            identity=renderer.identity,
        )  # fmt: skip


def test_the_pyramid_is_zero_for_equal_pictures_and_sees_every_scale() -> None:
    picture = torch.rand(1, 3, 16, 16)
    assert PyramidLoss()(picture, picture) == 0
    assert PyramidLoss()(picture, picture + 0.1) == pytest.approx(0.1, abs=1e-5)
    chequered = 0.1 * torch.from_numpy((np.indices((16, 16)).sum(0) % 2 * 2 - 1).astype(np.float32))
    at_full_size = pytest.approx(0.1 / 4, abs=1e-5)  # gone from all coarser scales
    assert PyramidLoss()(picture, picture + chequered) == at_full_size


def test_the_command_leaves_a_student_that_knows_its_faces(
    renderer: VolumeRenderer, film: Path, tmp_path: Path
) -> None:
    checkpoint.save(tmp_path / "teacher", renderer, leaf("renderer", "tiny"))
    (tmp_path / "faces").mkdir()
    Image.fromarray(astronaut()[:280, 80:360]).save(tmp_path / "faces" / "one.png")
    run([
        f"teacher={tmp_path / 'teacher'}", f"avatars={tmp_path / 'faces'}", f"data.folder={film}", "student=tiny",
        f"output={tmp_path / 'out'}", "steps=2", "data.batch_size=2", "data.held_out=2", "trainer.val_check_interval=2",
        "trainer.precision=32", "+trainer.enable_progress_bar=false",
    ])  # fmt: skip
    student = checkpoint.load(tmp_path / "out")
    assert isinstance(student, Student)
    assert student.faces.shape[0] == 1
    torch.testing.assert_close(student.pose.state_dict(), renderer.pose.state_dict())
    assert OmegaConf.load(tmp_path / "out" / "config.yaml").model.avatars == 1


def test_pictures_and_a_teacher_must_be_there(renderer: VolumeRenderer, film: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs avatars, data\.folder, output, teacher"):
        run([])
    checkpoint.save(tmp_path / "teacher", renderer, leaf("renderer", "tiny"))
    with pytest.raises(ValueError, match="There is no picture in"):
        run([
            f"teacher={tmp_path / 'teacher'}", f"avatars={tmp_path}", f"data.folder={film}", f"output={tmp_path}/o",
            "student=tiny",
        ])  # fmt: skip
