"""Settings may stand anywhere on the line; what is neither an option nor a setting is refused in one sentence."""

from __future__ import annotations

import re

import pytest
from omegaconf import DictConfig

from vasa.cli import main

FILM = ("people", "film")
LINES = [
    "people=3 minutes=2 size=96 --avatars DIR --sensor -o OUT",
    "people=3 --avatars DIR minutes=2 -o OUT size=96 --sensor",
    "--avatars DIR -o OUT --sensor people=3 minutes=2 size=96",
    "--avatars DIR people=3 minutes=2 --sensor --size 96 -o OUT",
    "people=3 --avatars DIR size=32 -o OUT minutes=2 --sensor size=96",  # the last word on a setting holds
]


@pytest.fixture
def filmed(monkeypatch: pytest.MonkeyPatch) -> list[DictConfig]:
    """The settings of every film that would have been planned."""
    asked: list[DictConfig] = []

    def plan_of(settings: DictConfig) -> None:
        asked.append(settings)
        raise ValueError("That is enough.")

    monkeypatch.setattr("vasa.cli.people_film.plan_of", plan_of)
    return asked


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The overrides that reached a training."""
    asked: list[list[str]] = []
    monkeypatch.setattr("vasa.cli.train_motion.run", asked.append)
    return asked


@pytest.mark.parametrize("line", LINES)
def test_a_film_takes_its_settings_wherever_they_stand(filmed: list[DictConfig], line: str) -> None:
    assert main([*FILM, *line.split()]) == 2
    (settings,) = filmed
    assert (settings.people, settings.minutes, settings.size) == (3, 2, 96)
    assert (settings.avatars, settings.output, settings.sensor) == ("DIR", "OUT", True)


def test_what_follows_an_option_is_its_value(filmed: list[DictConfig]) -> None:
    main([*FILM, "people=3", "--avatars", "people=4", "-o", "OUT", "minutes=1"])
    assert (filmed[0].people, filmed[0].avatars) == (3, "people=4")


def test_a_training_gets_its_settings_in_order(taught: list[list[str]]) -> None:
    words = ["output=OUT", "+trainer.limit_val_batches=1", "~trainer.precision", "output=LAST", "training.seed=-1"]
    assert main(["train", "motion", *words]) == 0
    assert taught == [words]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("people film people=3 --sise 96 -o OUT minutes=1", "vasa people film has no option --sise"),
        ("people film people=3 --sise=96 -o OUT", "vasa people film has no option --sise=96"),
        ("people film --avatars DIR people=3 size 96", "'size' is no setting of vasa people film"),
        ("people film size --avatars DIR", "'size' is no setting of vasa people film"),
        ("people film people=3 --avatars DIR sise=96", "Could not override 'sise'. The settings are in conf/people"),
        ("train motion --steps 100", "vasa train has no option --steps; its settings are written steps=10"),
        ("train motion steps=100 output", "'output' is no setting of vasa train"),
        ("train motion stepps=100", "Could not override 'stepps'. The settings are in conf/train_motion.yaml"),
        ("train motion motion=huge", "Could not find 'motion/huge'. The settings are in conf/train_motion.yaml"),
        ("info --modell mini", "vasa info does not take --modell; see vasa info --help"),
        ("info seed=1", "vasa info does not take seed=1"),
    ],
)
def test_what_is_no_setting_is_one_sentence(capsys: pytest.CaptureFixture[str], line: str, said: str) -> None:
    assert main(line.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(rf"vasa: .*{re.escape(said)}.*\n", told.err), told.err
