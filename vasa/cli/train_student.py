"""vasa train student: teach a light renderer of a few faces what a large one shows of them."""

from __future__ import annotations

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import TRAINING, instantiate
from vasa.data.pictures import pictures_of
from vasa.render.speed import channels_last
from vasa.render.student import Student
from vasa.render.volume import VolumeRenderer

OF_TEACHER = ("pose", "dynamics", "identity")


def run(overrides: list[str]) -> None:
    """Train as `conf/train_student.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing, or the teacher, a picture or the film does not fit.
    """
    config = settings("student", overrides, example="teacher=CHECKPOINT avatars=PICTURES data.folder=FILM output=OUT")
    teacher = _teacher(config.teacher)
    avatars = _faces(config.avatars, teacher.image_size)
    model = _model(config, len(avatars))
    student = _student(model, teacher)
    data = instantiate(config.data, also=TRAINING)
    training = instantiate(config.training)(student, teacher=teacher, avatars=avatars)
    trainer(config, part="student", model=model).fit(training, datamodule=data, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.student, model)


def _teacher(folder: str) -> VolumeRenderer:
    teacher = checkpoint.load(folder)
    if not isinstance(teacher, VolumeRenderer):
        raise ValueError(f"A student is taught by a VolumeRenderer; {folder} holds a {type(teacher).__name__}.")
    return teacher


def _faces(folder: str, size_px: int) -> Tensor:
    """The faces found in the pictures of a folder, in the order of their names: [A, 3, S, S]."""
    from vasa.face.default import default_detector
    from vasa.media.picture import load_picture

    detector, pictures = default_detector(), [load_picture(path) for path in pictures_of(folder)]
    return torch.stack([detector(picture).crop(picture, size_px).clamp(0, 1) for picture in pictures])


def _model(config: DictConfig, avatars: int) -> DictConfig:
    """What the student's checkpoint says: its own sizes and those parts that are its teacher's."""
    taught = checkpoint.config_of(config.teacher)
    own = {str(key): value for key, value in config.student.items() if key != "_partial_"}
    shared = {key: taught[key] for key in ("image_size", "space", *OF_TEACHER)}
    return OmegaConf.create({**own, **shared, "avatars": avatars})


def _student(model: DictConfig, teacher: VolumeRenderer) -> Student:
    student: Student = channels_last(instantiate(model))  # type: ignore[assignment]
    for part in OF_TEACHER:
        student.get_submodule(part).load_state_dict(teacher.get_submodule(part).state_dict())
    return student
