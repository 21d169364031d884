"""What a person looks like beyond the shape of the head: skin, hair, make-up, what is worn; drawn once from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Worn = Literal["nothing", "beanie", "cap", "scarf"]
Cut = Literal["own", "lent", "bald"]

# Reflectance of skin without pigment in linear light, and what its pigments take away (Beer and Lambert's law):
# melanin, blood, carotene. Chosen so that the results span the tones of the Monk scale.
_PALE = np.array([0.80, 0.62, 0.52])
_TAKEN = np.array([[2.5, 3.2, 3.6], [0.02, 0.36, 0.28], [0.0, 0.06, 0.35]])
_HAIRS = np.array(
    [
        [0.010, 0.009, 0.009], [0.030, 0.018, 0.012], [0.075, 0.040, 0.022], [0.16, 0.095, 0.05], [0.42, 0.29, 0.14],
        [0.22, 0.065, 0.025],
    ]
)  # fmt: skip
_WORN_BY_MEN, _WORN_BY_WOMEN = (0.87, 0.06, 0.05, 0.02), (0.87, 0.03, 0.02, 0.08)
_IRISES = np.array(
    [[0.05, 0.022, 0.01], [0.12, 0.06, 0.025], [0.14, 0.15, 0.06], [0.10, 0.17, 0.24], [0.2, 0.24, 0.26]]
)


@dataclass(frozen=True)
class Appearance:
    """Amounts are 0 to 1 unless said otherwise; colours are linear light, [3]."""

    seed: int  # of where freckles, wrinkles and strands are
    skin: np.ndarray | None  # the tone wanted; None keeps the avatar's
    shade: np.ndarray  # gain on it
    age: float
    redness: float
    freckles: float
    moles: int
    stubble: float
    moustache: float
    goatee: float
    beard: float
    brows: float  # below 0 thinner, above 0 thicker
    lips: np.ndarray
    lipstick: float
    shadow: np.ndarray  # above the eyes
    make_up: float
    liner: float
    iris: np.ndarray | None  # None keeps the avatar's
    pupil: float  # radius over the iris's
    hair: np.ndarray | None  # None keeps the avatar's
    grey: float
    cut: Cut
    clothes: np.ndarray  # gain
    dye: np.ndarray  # of dark clothes, added
    pattern: float  # strength of stripes
    worn: Worn
    cloth: np.ndarray  # of what is worn on the head
    glasses: np.ndarray | None  # colour of the frames
    glasses_shape: np.ndarray  # [3] width and height of a lens over the distance of the eyes, how square


def skin_tone(rng: np.random.Generator) -> np.ndarray:
    """A tone between very light and very dark."""
    pigment = np.array([0.95 * rng.beta(1.0, 1.25), rng.uniform(0.25, 1.0), rng.uniform(0, 1)])
    return _PALE * np.exp(-pigment @ _TAKEN) * np.exp(rng.normal(0, 0.03, 3))


def appearance(rng: np.random.Generator, *, man: bool) -> Appearance:
    """Draw one for a man or a woman."""
    age = float(rng.beta(1.2, 1.8))
    shaved = not man or rng.random() < 0.45
    painted = 0.0 if man else float(rng.random() < 0.55)
    dyed = np.exp(rng.normal(-2, 0.5)) * rng.dirichlet([0.8, 0.8, 0.8]) * 3
    natural = _HAIRS[rng.choice(len(_HAIRS), p=[0.28, 0.25, 0.2, 0.12, 0.1, 0.05])] * np.exp(rng.normal(0, 0.15, 3))
    beards = np.zeros(3) if shaved else rng.uniform(0.5, 1, 3) * (rng.random(3) < [0.35, 0.3, 0.35])
    return Appearance(
        seed=int(rng.integers(2**31)),
        skin=skin_tone(rng) if rng.random() < 0.55 else None,
        shade=np.exp(rng.normal(0, 0.16) + rng.normal(0, 0.03, 3)),
        age=age,
        redness=float(rng.beta(1.2, 3)),
        freckles=float(rng.random() < 0.2) * float(rng.uniform(0.3, 1)),
        moles=int(rng.poisson(1.5)),
        stubble=0.0 if not man else float(rng.beta(0.7, 1.2)),
        moustache=float(beards[0]),
        goatee=float(beards[1]),
        beard=float(beards[2]),
        brows=float(rng.normal(0.1 if man else -0.1, 0.4)),
        lips=np.array([0.35, 0.05, 0.06]) * np.exp(rng.normal(0, 0.35, 3)),
        lipstick=painted * float(rng.uniform(0.2, 0.85)),
        shadow=rng.uniform(0.02, 0.35, 3),
        make_up=painted * float(rng.random() < 0.5) * float(rng.uniform(0.1, 0.6)),
        liner=painted * float(rng.uniform(0, 0.9)),
        iris=_iris(rng) if rng.random() < 0.7 else None,
        pupil=float(rng.uniform(0.3, 0.55)),
        hair=_one_of(rng, [None, natural, dyed], [0.25, 0.71, 0.04]),
        grey=float(np.clip(rng.normal(1.6 * age - 0.75, 0.25), 0, 1)),
        cut=rng.choice(["own", "lent", "bald"], p=[0.15, 0.6, 0.25] if man else [0.35, 0.58, 0.07]),
        clothes=np.clip(np.exp(rng.normal(0, 0.4) + rng.normal(0, 0.3, 3)), 0.3, 2.5),
        dye=float(rng.random() < 0.55) * rng.uniform(0.0, 0.3) * rng.dirichlet([1, 1, 1]) * 3,
        pattern=float(rng.random() < 0.15) * float(rng.uniform(0.2, 0.6)),
        worn=rng.choice(["nothing", "beanie", "cap", "scarf"], p=_WORN_BY_MEN if man else _WORN_BY_WOMEN),
        cloth=rng.beta(0.8, 1.6, 3),
        glasses=rng.beta(0.6, 2.4, 3) * rng.uniform(0.1, 1) if rng.random() < 0.14 else None,
        glasses_shape=np.array([rng.uniform(0.36, 0.46), rng.uniform(0.25, 0.42), rng.uniform(0, 1)]),
    )


def _iris(rng: np.random.Generator) -> np.ndarray:
    colour = _IRISES[rng.choice(len(_IRISES), p=[0.35, 0.3, 0.12, 0.13, 0.1])]
    return np.asarray(colour * np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.08, 3)))


def _one_of(rng: np.random.Generator, choices: list[np.ndarray | None], shares: list[float]) -> np.ndarray | None:
    return choices[rng.choice(len(choices), p=shares)]
