"""From a face in a picture to an avatar that looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vasa.people.avatar import Avatar
from vasa.people.fitting.agreement import difference
from vasa.people.fitting.bodies import choose
from vasa.people.fitting.colours import dim_wet, tint_hair, tint_irises
from vasa.people.fitting.faces import Face
from vasa.people.fitting.paint import paint
from vasa.people.fitting.shapes import AvatarShapes, hang
from vasa.people.fitting.solve import Fit, fit_pose, fit_shape
from vasa.people.fitting.studio import same_pose
from vasa.people.marks import marked
from vasa.people.scene import Stage

WORST_RMS, LEAST_SEEN, FARTHEST_TURN = 0.045, 0.5, 0.6  # inter-ocular distances, share of the front, radians
FARTHEST_OFF = 0.3  # crop units, or log scale, between the head and the square it should fill
WORST_DIFFERENCE = 0.16  # see `vasa.people.fitting.agreement`


@dataclass(frozen=True)
class Fitted:
    """A person made from a portrait."""

    avatar: Avatar
    fit: Fit
    face: Face
    body: int  # number of the avatar that lends hair, ears and build
    seen_share: float  # of the front of the face
    drawn: np.ndarray  # [S, S, 3] uint8: as the portrait shows it
    difference: float  # of that from the portrait

    @property
    def faults(self) -> list[str]:
        """Why the fit is poor; empty where it is good."""
        fit, found = self.fit, []
        if fit.rms > WORST_RMS:
            found.append(f"landmarks are {fit.rms:.3f} of the eyes' distance off")
        if np.abs([*fit.shift, fit.log_scale]).max() > FARTHEST_OFF:
            found.append("the square around the face is badly placed")
        if self.seen_share < LEAST_SEEN:
            found.append(f"only {self.seen_share:.0%} of the face's front is seen")
        if np.abs(fit.head[:2]).max() > FARTHEST_TURN:
            found.append(f"the head is turned by {np.rad2deg(np.abs(fit.head[:2]).max()):.0f} degrees")
        if self.difference > WORST_DIFFERENCE:
            found.append(f"in the same pose the face differs by {self.difference:.0%}")
        return found


class Fitter:
    """Fits heads to portraits, by the shapes of some avatars and with the hair and build of one.

    sexes: 1 or -1 for each avatar; of which sex is which only their order tells. lenders: numbers of the avatars that
    may lend hair and build; None lets all. stage: where fitted people are drawn to be compared with their portraits.
    """

    def __init__(
        self, avatars: Sequence[Avatar], sexes: Sequence[int], *, stage: Stage, lenders: Sequence[int] | None = None
    ) -> None:
        self._avatars, self._space, self._sexes = avatars, AvatarShapes(avatars), np.array(sexes)
        self._stage, self._lenders = stage, list(range(len(avatars)) if lenders is None else lenders)

    def __call__(self, face: Face) -> Fitted:
        """An avatar that looks like this face."""
        rough = fit_shape(face, self._space, self._avatars[0])
        number, hair = self._lender(rough, face)
        body = self._space.apply(self._avatars[number], rough.shape)
        fit = replace(fit_pose(face, hang(body), body), shape=rough.shape)
        painted = paint(body, fit, face)
        skin = tint_irises(body, fit, face, dim_wet(face, painted.texture, painted.wet))
        textures = marked(body)  # what is hair and what is clothes stays where the avatar has it
        textures[:2, ..., :3] = tint_hair(body, np.stack([skin, body.textures[1]]), hair)
        made = replace(body, textures=textures)
        drawn = same_pose(self._stage, made, fit, face.gaze)
        return Fitted(made, fit, face, number, painted.seen_share, drawn, difference(drawn, face))

    def _lender(self, rough: Fit, face: Face) -> tuple[int, np.ndarray]:
        """The number of the avatar that lends hair and build, and the colour of the hair, linear [3]."""
        some = self._lenders
        shapes, sexes = self._space.coefficients, self._sexes
        chosen = choose([self._avatars[n] for n in some], shapes[some], sexes[some], rough, face)
        return some[chosen.number], chosen.hair
