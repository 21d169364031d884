"""Reads the identity modes of USC-ICT FaceKit, a morphable head (Li et al. 2020), and keeps what reshaping needs.

FaceKit is the user's own copy (MIT licence): its folder, or the .tar.xz it is packed in. Its files are in centimetres,
x to the subject's left, y up, z towards the camera, the same vertices in each.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path, PurePath

import numpy as np
from einops import rearrange, repeat
from scipy.spatial import cKDTree

from vasa.people.avatar import default_cache

FORMAT = 1  # of the cached arrays; raise it when this file changes
MODES = 100
LANDMARKS = (
    1278, 1272, 12, 1834, 243, 781, 2199, 1447, 966, 3661, 4390, 3022, 2484, 4036, 2253, 3490, 3496, 268, 493, 1914,
    2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360, 1507, 1542, 1537,
    1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518,
    5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
)  # fmt: skip
_NEUTRAL = "generic_neutral_mesh"
_FACE, _SKIN = 9409, 11248  # vertices of the face come first, then those of head and neck
_THIN_CM = 0.45  # one vertex is kept of those that lie closer
_CELL_CM = 0.7
_NEIGHBOURS = 12
_BLUR_CM = 0.45  # below this distance all vertices count alike


@dataclass(frozen=True)
class ShapeModel:
    """Modes of head shape, as displacements in space that a lattice of cells holds."""

    landmarks: np.ndarray  # [68, 3] float32, centimetres: the neutral head's
    skin: np.ndarray  # [C, 3] float32: points of the neutral skin
    modes: np.ndarray  # [MODES, C, 3] float32: their motion, one standard deviation of each mode
    corner: np.ndarray  # [3]: the first node of the lattice
    near: np.ndarray  # [X, Y, Z, K] int16: the points that are nearest to each node
    closeness: np.ndarray  # [X, Y, Z, K] float32: their shares

    def lattice(self, shape: np.ndarray) -> np.ndarray:
        """Motion of every node under coefficients [MODES]: [X, Y, Z, 3] centimetres."""
        moved = np.tensordot(shape.astype(np.float32), self.modes, 1)
        return np.einsum("xyzk,xyzkc->xyzc", self.closeness, moved[self.near])

    @property
    def cell(self) -> float:
        """Distance of the lattice's nodes in centimetres."""
        return _CELL_CM


@lru_cache(maxsize=1)
def load_shapes(source: Path, *, cache: Path | None = None) -> ShapeModel:
    """Read FaceKit's modes from its folder or .tar.xz, from `cache` where they were read before.

    Raises ValueError where a file is missing or is not FaceKit's.
    """
    if not source.exists():
        raise ValueError(f"There is no {source}; name FaceKit's folder or its .tar.xz, or leave the shapes out.")
    stat = source.stat()
    key = hashlib.sha256(f"{source.name} {stat.st_size} {stat.st_mtime_ns} {FORMAT}".encode()).hexdigest()
    kept = (cache or default_cache()) / f"facekit-{key[:12]}.npz"
    if not kept.exists():
        model = _model(dict(_read(source)), source)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{kept.stem}.{os.getpid()}.npz")
        np.savez(partial, **{f.name: getattr(model, f.name) for f in fields(ShapeModel)})
        partial.replace(kept)
    with np.load(kept) as arrays:
        return ShapeModel(**{f.name: arrays[f.name] for f in fields(ShapeModel)})


def _read(source: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Names and vertices [_SKIN, 3] of the neutral head and of the modes."""
    if source.is_dir():
        for path in sorted(source.rglob("*.obj")):
            if _wanted(path):
                yield path.stem, _vertices(path.read_bytes())
        return
    try:
        with tarfile.open(source) as packed:
            for member in packed:
                content = packed.extractfile(member) if _wanted(PurePath(member.name)) else None
                if content is not None:
                    yield PurePath(member.name).stem, _vertices(content.read())
    except (tarfile.TarError, EOFError) as error:
        raise ValueError(f"{source} is no whole tar file ({error}); copy FaceKit again.") from None


def _wanted(path: PurePath) -> bool:
    return path.suffix == ".obj" and (path.stem == _NEUTRAL or path.stem.startswith("identity"))


def _vertices(content: bytes) -> np.ndarray:
    rows = [line.split()[1:4] for line in content.splitlines() if line.startswith(b"v ")]
    return np.array(rows[:_SKIN], np.float64)


def _model(heads: dict[str, np.ndarray], source: Path) -> ShapeModel:
    names = [_NEUTRAL, *(f"identity{n:03d}" for n in range(MODES))]
    missing = [name for name in names if name not in heads or heads[name].shape != (_SKIN, 3)]
    if missing:
        raise ValueError(
            f"{source} lacks {len(missing)} of FaceKit's {len(names)} heads ({missing[0]}.obj is one); copy it again."
        )
    neutral = heads[_NEUTRAL]
    modes = np.stack([_unmoved(neutral, heads[name] - neutral) for name in names[1:]])
    chosen = _thinned(neutral)
    corner, near, closeness = _lattice(neutral[chosen])
    return ShapeModel(
        landmarks=neutral[list(LANDMARKS)].astype(np.float32),
        skin=neutral[chosen].astype(np.float32),
        modes=modes[:, chosen].astype(np.float32),
        corner=corner,
        near=near,
        closeness=closeness,
    )


def _unmoved(points: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """A motion without what moves, turns or enlarges the whole face: size is no shape, and labels know the pose."""
    away = points - points[:_FACE].mean(0)
    turns = [np.cross(axis, away) for axis in np.eye(3)]
    shifts = [repeat(axis, "c -> n c", n=len(points)) for axis in np.eye(3)]
    rigid = rearrange(np.stack([*shifts, *turns, away]), "k n c -> n c k")
    face = rearrange(rigid[:_FACE], "n c k -> (n c) k")
    amount = np.linalg.lstsq(face, rearrange(motion[:_FACE], "n c -> (n c)"), rcond=None)[0]
    return motion - rigid @ amount


def _thinned(points: np.ndarray) -> np.ndarray:
    """Indices of one vertex of every small cube."""
    return np.sort(np.unique(np.floor(points / _THIN_CM), axis=0, return_index=True)[1])


def _lattice(skin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First node, nearest points and their shares; the lattice reaches beyond the skin, where hair may be."""
    corner, end = skin.min(0) - 3, skin.max(0) + 3
    axes = [np.arange(low, high + _CELL_CM, _CELL_CM) for low, high in zip(corner, end, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    away, near = cKDTree(skin).query(nodes, k=_NEIGHBOURS)
    closeness = 1 / (away**2 + _BLUR_CM**2)
    shares = closeness / closeness.sum(-1, keepdims=True)
    return corner, near.astype(np.int16), shares.astype(np.float32)
