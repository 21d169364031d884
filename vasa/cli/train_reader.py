"""vasa train reader: teach the face reader from a film."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import instantiate
from vasa.data.reading import PEOPLE, FilmFaces
from vasa.render.speed import channels_last

CARD = "README.md"


def run(overrides: list[str]) -> None:
    """Train as `conf/train_reader.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Leaves a checkpoint and a model card. Raises ValueError where a key without a default is missing or the film cannot
    be read.
    """
    config = settings("reader", overrides, example="data.folder=FILM output=OUT")
    data = instantiate(config.data)
    training = instantiate(config.training)(channels_last(instantiate(config.reader)), people=data.train.people)
    trainer(config, part="reader", model=config.reader).fit(training, datamodule=data, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.reader, config.reader, half=True)
    (Path(config.output) / CARD).write_text(card(config, data.train))


def card(config: DictConfig, faces: FilmFaces) -> str:
    """What the reader learned from, so that another can be measured with it, or it with another."""
    which, taken = config.data.people, len(faces.of_person)
    apart = [name for name, some in PEOPLE.items() if not {*some} & {*PEOPLE[which]}]
    fair = f"Readers of data.people={' or '.join(apart)} share" if apart else "No reader of this film shares"
    return (
        f"# Model card: face reader ({config.reader.backbone.name}, {config.reader.image_size} px)\n\n"
        f"Learned from {taken} virtual people ({len(faces.clips)} clips, data.people={which}) of the film "
        f"{Path(config.data.folder).name!r}; the film's test split was not among them. {fair} nobody with it.\n"
        f"{config.steps} steps of {config.data.batch_size}, seed {config.seed}.\n"
    )
