"""vasa train reader: teach the face reader from a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from vasa import checkpoint
from vasa.cli.training import check_grow, check_keep, grow, lean, resumed, settings, trainer
from vasa.config import TRAINING, instantiate
from vasa.data.reading import PEOPLE, FilmFaces
from vasa.face.reader import FaceReader
from vasa.render.speed import channels_last

CARD = "README.md"


def run(overrides: list[str]) -> None:
    """Train as `conf/train_reader.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Leaves a checkpoint and a model card. Raises ValueError where a key without a default is missing or the film cannot
    be read.
    """
    config = settings("reader", overrides, example="data.folder=FILM output=OUT")
    check(config)
    data = instantiate(config.data, also=TRAINING)
    model = checkpoint.config_of(config.init) if config.init and not config.grow else config.reader
    reader = _reader(config)
    training = instantiate(config.training)(channels_last(reader), people=data.train.people)
    trainer(config, part="reader", model=model).fit(training, datamodule=data, ckpt_path=resumed(config))
    if config.keep:
        lean(training.reader, checkpoint.load(config.init), config.keep)
    checkpoint.save(config.output, training.reader, model, half=True)
    (Path(config.output) / CARD).write_text(card(config, model, data.train))


def _reader(config: DictConfig) -> FaceReader:
    """A new one, the one in `init`, or a new one with what fits of its weights (`grow`)."""
    begun: FaceReader | None = checkpoint.load(config.init).train() if config.init else None
    if begun is not None and not config.grow:
        return begun
    reader: FaceReader = instantiate(config.reader)
    if begun is not None:
        grow(reader, begun, config.init)
    return reader


def check(config: DictConfig) -> None:
    """Raises ValueError where nothing can be kept, or more than all, and where nothing can grow."""
    check_grow(config)
    if config.grow and config.keep:
        raise ValueError("keep is a share of init's weights, and a reader that grows has others: leave one out.")
    check_keep(config)


def card(config: DictConfig, model: DictConfig, faces: FilmFaces) -> str:
    """What the reader learned from, so that another can be measured with it, or it with another."""
    which, taken = config.data.people, len(faces.of_person)
    apart = [name for name, some in PEOPLE.items() if not {*some} & {*PEOPLE[which]}]
    fair = f"Readers of data.people={' or '.join(apart)} share" if apart else "No reader of this film shares"
    return (
        f"# Model card: face reader ({model.backbone.name}, {model.image_size} px)\n\n"
        f"Learned from {taken} virtual people ({len(faces.clips)} clips, data.people={which}) of "
        f"{_films(config.data.folder)}; no test split was among them. {fair} nobody with it.\n"
        f"{config.steps} steps of {config.data.batch_size}, seed {config.seed}"
        f"{f', from the weights of {Path(config.init).name!r}' if config.init else ''}"
        f"{f', of which a share of {config.keep:g} is kept' if config.keep else ''}.\n"
    )


def _films(folder: str | Sequence[str]) -> str:
    if isinstance(folder, str):
        return f"the film {Path(folder).name!r}"
    return f"the films {', '.join(repr(Path(film).name) for film in folder)}"
