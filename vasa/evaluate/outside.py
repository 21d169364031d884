"""An outside judge: MediaPipe's face landmarker, which nobody here trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from vasa.clock import CLOCK
from vasa.evaluate.judges import Reading

UPPER_LIP, LOWER_LIP, RIGHT_EYE, LEFT_EYE = 13, 14, 33, 263  # inner lips, outer corners of the eyes
SIDE_PX = 384  # small faces are enlarged to what the landmarker is used to


class MediaPipe:
    """Lip opening (inner lips, relative to the distance between the eyes) and head angles by MediaPipe.

    model: its `face_landmarker` file, ending in .task. Raises ValueError where the package (`pip install mediapipe`)
    or the file is missing.
    """

    name = "MediaPipe face landmarker (independent)"

    def __init__(self, model: str) -> None:
        if not Path(model).is_file():
            raise ValueError(f"There is no file {model}; --judge takes MediaPipe's face_landmarker .task file.")
        self._package, self._model = _mediapipe(), model

    def __call__(self, frames: Tensor) -> Reading:
        with self._landmarker() as landmarker:
            rows = [self._row(landmarker, frame, number) for number, frame in enumerate(frames)]
        table = torch.tensor(rows)
        return Reading(table[:, 0], table[:, 1:])

    def _landmarker(self) -> Any:
        vision = self._package.tasks.vision
        options = vision.FaceLandmarkerOptions(
            base_options=self._package.tasks.BaseOptions(model_asset_path=self._model),
            running_mode=vision.RunningMode.VIDEO,
            output_facial_transformation_matrixes=True,
            min_face_detection_confidence=0.3,
            min_face_presence_confidence=0.3,
        )
        return vision.FaceLandmarker.create_from_options(options)

    def _row(self, landmarker: Any, frame: Tensor, number: int) -> list[float]:
        pixels = np.ascontiguousarray(_enlarged(frame))
        image = self._package.Image(image_format=self._package.ImageFormat.SRGB, data=pixels)
        seen = landmarker.detect_for_video(image, number * 1000 // CLOCK.frame_rate)
        if not seen.face_landmarks:
            return [float("nan")] * 4
        points = np.array([(p.x * pixels.shape[1], p.y * pixels.shape[0]) for p in seen.face_landmarks[0]])
        gap, width = (np.linalg.norm(points[a] - points[b]) for a, b in ((UPPER_LIP, LOWER_LIP), (RIGHT_EYE, LEFT_EYE)))
        return [float(gap / width), *_angles(seen)]


def _enlarged(frame: Tensor) -> np.ndarray:
    scale = max(1.0, SIDE_PX / max(frame.shape[-2:]))
    large = F.interpolate(frame[None].float(), scale_factor=scale, mode="bicubic").clamp(0, 1)[0]
    return rearrange((large * 255).round().to(torch.uint8), "c h w -> h w c").cpu().numpy()


def _angles(seen: Any) -> tuple[float, float, float]:
    """Yaw, pitch, roll in radians, with the signs of `vasa.geometry`: MediaPipe's axes are x right, y up, z to us."""
    turn = np.array(seen.facial_transformation_matrixes[0])[:3, :3]
    turn = turn / np.linalg.norm(turn, axis=0, keepdims=True)
    yaw, pitch = np.arctan2(turn[0, 2], turn[2, 2]), np.arcsin(np.clip(turn[1, 2], -1, 1))
    return float(yaw), float(pitch), float(np.arctan2(turn[1, 0], turn[1, 1]))


def _mediapipe() -> Any:
    try:
        import mediapipe
    except ImportError:
        raise ValueError("This judge needs MediaPipe: run `pip install mediapipe`, or leave --judge out.") from None
    return mediapipe
