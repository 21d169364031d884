"""Faces in pictures: finding them, cutting them out, putting them back."""

from __future__ import annotations

from vasa.face.crop import Crop
from vasa.face.detector import Detector

__all__ = ["Crop", "Detector"]
