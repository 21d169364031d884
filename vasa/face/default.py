"""The detector that a pipeline takes when it is given none."""

from __future__ import annotations

from vasa.face.detector import Detector


def default_detector() -> Detector:
    """The face reader that ships: it needs no network, and follows a face through a video."""
    from vasa.face.reader_detector import ReaderDetector  # only now: it loads timm, which many need not wait for

    return ReaderDetector.shipped()
