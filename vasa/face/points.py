"""The 68 points of a face and their order (C. Sagonas et al., 300 Faces in-the-Wild, 2013).

Right and left are the subject's: the right eye lies on the left of the picture.
"""

from __future__ import annotations

COUNT = 68
JAW, BROWS, NOSE = slice(0, 17), slice(17, 27), slice(27, 36)
RIGHT_EYE, LEFT_EYE, EYES = slice(36, 42), slice(42, 48), slice(36, 48)
MOUTH, INNER_MOUTH, WHOLE_MOUTH = slice(48, 60), slice(60, 68), slice(48, 68)
CHIN = 8
OUTER_CORNERS = (36, 45)  # of the eyes: the distance between them is the unit of the usual error
CORNERS = ((36, 39), (42, 45), (48, 54))  # of right eye, left eye and mouth, from left to right of the picture

_MIRRORED_RUNS = (
    range(16, -1, -1),  # jaw
    range(26, 16, -1),  # brows
    range(27, 31), range(35, 30, -1),  # bridge and base of the nose
    (45, 44, 43, 42, 47, 46), (39, 38, 37, 36, 41, 40),  # eyes
    range(54, 47, -1), range(59, 54, -1),  # outer lips
    range(64, 59, -1), range(67, 64, -1),  # inner lips
)  # fmt: skip
MIRRORED = tuple(index for run in _MIRRORED_RUNS for index in run)  # of every point, the one it becomes in a mirror
