"""The detector that a pipeline takes when it is given none."""

from __future__ import annotations

from vasa.face.cascade import CascadeDetector
from vasa.face.detector import Detector


def default_detector() -> Detector:
    """Needs no weights from a network."""
    return CascadeDetector()
