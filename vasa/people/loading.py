"""Reads an avatar of either convention; the names of the blendshapes in the file say which."""

from __future__ import annotations

from pathlib import Path

from vasa.people.arkit_avatar import build_arkit, speaks_arkit
from vasa.people.avatar import Avatar
from vasa.people.gltf import Unfit, read_glb
from vasa.people.rigging import build_valid


def build(path: Path, texture_px: int) -> Avatar:
    """The avatar in a .glb file; raises Unfit, a ValueError, where it is damaged or lacks joints or blendshapes."""
    try:
        gltf = read_glb(path)
        make = build_arkit if speaks_arkit(gltf) else build_valid
        return make(gltf, path.name, texture_px)
    except (Unfit, FileNotFoundError):
        raise
    except (ValueError, KeyError, IndexError, TypeError, RuntimeError, OSError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise Unfit(
            f"{path.name} is damaged, or built neither like VALID's avatars nor with ARKit's shapes ({reason}); "
            "get it again."
        ) from error
