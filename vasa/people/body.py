"""Makes the avatar of a virtual person, step by step: shape, build, hair, paint, what is worn."""

from __future__ import annotations

from pathlib import Path

from vasa.people.avatar import Avatar, load_avatar
from vasa.people.covers import covered
from vasa.people.facekit import load_shapes
from vasa.people.glasses import wear_glasses
from vasa.people.hair import bald, lend
from vasa.people.landmarks import laid_out
from vasa.people.mixing import mix, stretch
from vasa.people.paint import paint
from vasa.people.person import Person
from vasa.people.shaping import reshape


def embody(who: Person, *, cache: Path | None, shapes: Path | None = None) -> Avatar:
    """The body of a person: one avatar with a share of another's face and perhaps a third's hair, painted.

    People made from portraits (.npz) are as they are, but for glasses.

    With `shapes`, FaceKit's folder or .tar.xz, the head gets the person's shape besides.
    """
    body = load_avatar(who.body, cache=cache)
    if who.body.suffix == ".npz":
        return wear_glasses(body, who.looks)
    if who.share > 0:
        body = mix(body, load_avatar(who.face, cache=cache), share=who.share)
    body = stretch(body, who.build)
    if shapes is not None:
        body = reshape(body, load_shapes(shapes, cache=cache), who.shape)
    return dress(body, who, cache=cache) if laid_out(body) else body


def dress(body: Avatar, who: Person, *, cache: Path | None) -> Avatar:
    """Hair, paint and what is worn, for avatars of VALID's layout; others stay as their makers painted them."""
    if who.looks.cut == "bald" or who.looks.worn != "nothing":
        body = bald(body)
    elif who.looks.cut == "lent":
        body = lend(body, load_avatar(who.donor, cache=cache))
    body = covered(paint(body, who.looks), who.looks)
    return wear_glasses(body, who.looks)
