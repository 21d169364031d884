"""Makes the avatar of a virtual person, step by step: shape, build, hair, paint, what is worn."""

from __future__ import annotations

from pathlib import Path

from vasa.people.avatar import Avatar, load_avatar
from vasa.people.covers import covered
from vasa.people.glasses import wear_glasses
from vasa.people.hair import bald, lend
from vasa.people.mixing import mix, stretch
from vasa.people.paint import paint
from vasa.people.person import Person


def embody(who: Person, *, cache: Path | None) -> Avatar:
    """The body of a person: one avatar with a share of another's face and perhaps a third's hair, painted."""
    body = load_avatar(who.body, cache=cache)
    if who.share > 0:
        body = mix(body, load_avatar(who.face, cache=cache), share=who.share)
    body = stretch(body, who.build)
    if who.looks.cut == "bald" or who.looks.worn != "nothing":
        body = bald(body)
    elif who.looks.cut == "lent":
        body = lend(body, load_avatar(who.donor, cache=cache))
    body = covered(paint(body, who.looks), who.looks)
    return wear_glasses(body, who.looks)
