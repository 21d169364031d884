"""A light renderer of a few known faces, taught by a large one (MegaPortraits, student model)."""

from vasa.render.student.renderer import Student

__all__ = ["Student"]
