"""One avatar: a head with shoulders as arrays, in canonical units, ready to be moved and drawn.

Frame: x to the subject's left, y up, z towards the camera; origin and unit as in `Avatar`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

FORMAT = 12  # of the cached arrays; raise it when `rigging` changes


CHIN_TO_EYES = 2 / 3  # canonical units: they are chosen so
EYE_FRONT = 7 / 15


@dataclass(frozen=True)
class Avatar:
    """A person to film. Unit: 1.5 times the distance from chin to eyes. Origin: between the ears, EYE_FRONT behind
    the eyes.

    The first `len(shifts[0])` vertices move with expressions; the others only with head, neck or eyes.
    """

    points: np.ndarray  # [V, 3] float32, neutral
    normals: np.ndarray  # [V, 3] float32
    uv: np.ndarray  # [V, 2] float32
    weights: np.ndarray  # [V, 4] float32: share of head, neck, left eye, right eye; the rest is body
    layer: np.ndarray  # [V] float32: 0 the body's texture, 1 the hair's, 2 that of what is worn
    kind: np.ndarray  # [V] float32: index into KINDS
    triangles: np.ndarray  # [F, 3] int32
    shifts: np.ndarray  # [E, M, 3] float32: motion of the first M vertices at weight 1
    turns: np.ndarray  # [E, M, 3] float32: the same of their normals
    joints: np.ndarray  # [4, 3] float32: neck, head, left eye, right eye
    lips: np.ndarray  # [2] int64: vertices in the middle of the upper and the lower inner lip
    textures: np.ndarray  # [2, H, W, 3] uint8; once painted [3, H, W, 4], see `vasa.people.paint`


KINDS = ("skin", "eye", "lower teeth", "upper teeth", "hair", "glasses", "lens", "cover", "hollow")
EXPRESSIONS: tuple[str, ...] = (
    "AE_AA", "AO_a", "Ax_E", "TD_I", "UH_OO", "UW_U", "H_EST", "FV", "S", "SH_CH", "MPB_Up", "MPB_Down", "KG",
    "RlipUp", "LlipUp", "RlipDown", "LlipDown", "RlipSide", "LlipSide", "RlipCorner", "LlipCorner", "JawCompress",
    "Rjaw", "Ljaw", "JawFront", "Chew", "MouthOpen", "Shout", "RsmileClose", "LsmileClose", "RsmileOpen", "LsmileOpen",
    "RmouthSad", "LmouthSad", "Rdisgust", "Ldisgust", "Kiss", "Rblow", "Lblow", "Chin", "Glotis", "RneckTension",
    "LneckTension", "Rnostril", "Lnostril", "ReyeClose", "LeyeClose", "ReyeOpen", "LeyeOpen", "Rsquint", "Lsquint",
    "RlowLid", "LlowLid", "Rsad", "Lsad", "Rpityful", "Lpityful", "RRbrowUp", "RbrowUp", "LbrowUp", "LLbrowUp",
    "RRbrowDown", "RbrowDown", "LbrowDown", "LLbrowDown", "OutMiddle_tg", "Up_tg",
)  # fmt: skip
EXPRESSION_INDEX: dict[str, int] = {name: index for index, name in enumerate(EXPRESSIONS)}


def load_avatar(path: Path, *, texture_px: int = 1024, cache: Path | None = None) -> Avatar:
    """Read a .glb avatar, from `cache` where it was read before, or the .npz of a person fitted to a portrait.

    Raises ValueError where joints or blendshapes are missing, FileNotFoundError where the file is.
    """
    if path.suffix == ".npz":
        return read_arrays(path)
    stat = path.stat()
    key = hashlib.sha256(f"{path.name} {stat.st_size} {stat.st_mtime_ns} {texture_px} {FORMAT}".encode()).hexdigest()
    kept = (cache or default_cache()) / f"{path.stem}-{key[:12]}.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return Avatar(**{f.name: arrays[f.name] for f in fields(Avatar)})
    from vasa.people.loading import build  # the reader needs `meshoptimizer`, a cached avatar does not

    avatar = build(path, texture_px)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f"{kept.stem}.{os.getpid()}.npz")
    np.savez(partial, **{f.name: getattr(avatar, f.name) for f in fields(Avatar)})
    partial.replace(kept)
    return avatar


def read_arrays(path: Path) -> Avatar:
    """An avatar that was written as arrays; raises ValueError where the file holds anything else, or is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            read = Avatar(**{f.name: arrays[f.name] for f in fields(Avatar)})
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path} is no avatar as arrays ({error}); fit the portrait again.") from None
    count, moving = len(read.points), read.shifts.shape[1]
    shapes = {
        "points": (count, 3), "normals": (count, 3), "uv": (count, 2), "weights": (count, 4), "layer": (count,),
        "kind": (count,), "shifts": (len(EXPRESSIONS), moving, 3), "turns": (len(EXPRESSIONS), moving, 3),
        "joints": (4, 3), "lips": (2,),
    }  # fmt: skip
    wrong = [name for name, shape in shapes.items() if getattr(read, name).shape != shape]
    wrong += [name for name in ("points", "shifts", "uv") if not np.isfinite(getattr(read, name)).all()]
    if wrong or read.triangles.max() >= count or read.triangles.min() < 0 or read.textures.dtype != np.uint8:
        named = ", ".join(wrong) or "triangles, textures"
        raise ValueError(f"{path} holds an avatar whose arrays do not fit ({named}); fit the portrait again.")
    return read


def default_cache() -> Path:
    """Where read avatars are kept unless the user names a folder."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vasa" / "avatars"
