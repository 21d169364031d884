"""The middle of the face, from brows to chin, looked at and redrawn closely on a surface that all faces share."""

from vasa.render.closeup.network import Closeup

__all__ = ["Closeup"]
