"""Another detector: the 68 landmarks of face-alignment, at home with turned heads."""

from __future__ import annotations

from typing import Any
from urllib.error import URLError

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from vasa.face.crop import Crop
from vasa.face.detector import check_width, no_face
from vasa.face.points import CHIN, EYES, JAW, MOUTH


class LandmarkDetector:
    """Finds the largest face with face-alignment (extra `face`), which loads its weights on first use.

    Raises ValueError where the package is missing or its weights cannot be loaded.
    """

    def __init__(self, *, device: str = "cpu") -> None:
        self._network = _network(device)

    def __call__(self, picture: Tensor) -> Crop:
        """The crop that fits the largest face in [3, H, W]; raises ValueError."""
        pixels = rearrange((picture * 255).round().to(torch.uint8), "c h w -> h w c").cpu().numpy()
        faces: list[np.ndarray] = self._network.get_landmarks_from_image(pixels) or []
        if not faces:
            raise no_face()
        points = torch.from_numpy(max(faces, key=lambda face: np.ptp(face[JAW, 0]))).double()
        check_width(float(np.ptp(points[JAW, 0].numpy())))
        return Crop.around_face(points[EYES].mean(0), points[MOUTH].mean(0), points[CHIN])


def _network(device: str) -> Any:
    try:
        from face_alignment import FaceAlignment, LandmarksType
    except ImportError:
        raise ValueError(
            'LandmarkDetector needs face-alignment: run `pip install "vasa-talk[face]"`, or take the default detector.'
        ) from None
    try:
        return FaceAlignment(LandmarksType.TWO_D, device=device)
    except URLError as error:
        raise ValueError(
            f"face-alignment could not load its weights ({error.reason}); it needs a network once. "
            "The default detector needs none."
        ) from None
