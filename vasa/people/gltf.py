"""Reads the part of glTF binary files that avatars use: meshes, skins, nodes, pictures.

Understands EXT_meshopt_compression, KHR_mesh_quantization and EXT_texture_webp. The first needs `meshoptimizer`
(extra "people"). Source: glTF 2.0 specification and the text of these extensions, Khronos Group.
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import meshoptimizer
import numpy as np
from einops import rearrange
from PIL import Image

_DTYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_FILTERS = {"OCTAHEDRAL": meshoptimizer.decode_filter_oct, "QUATERNION": meshoptimizer.decode_filter_quat}


class Unfit(ValueError):
    """A file that is no avatar; the message is one sentence for its owner."""


@dataclass(frozen=True)
class Gltf:
    """One .glb file: its JSON and its binary chunk."""

    scene: dict[str, Any]
    binary: bytes = field(repr=False)

    def __hash__(self) -> int:
        return id(self)

    def accessor(self, index: int) -> np.ndarray:
        """Values of an accessor [count, width]; normalised integers become floats."""
        accessor = self.scene["accessors"][index]
        dtype, width = np.dtype(_DTYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        values = np.zeros((accessor["count"], width), dtype)
        if "bufferView" in accessor:
            values = self._rows(accessor, accessor["count"], dtype, width)
        if "sparse" in accessor:
            few = accessor["sparse"]
            places = self._rows(few["indices"], few["count"], np.dtype(_DTYPES[few["indices"]["componentType"]]), 1)
            values = values.copy()
            values[places[:, 0]] = self._rows(few["values"], few["count"], dtype, width)
        if not accessor.get("normalized"):
            return values
        largest = 2 ** (8 * dtype.itemsize - (dtype.kind == "i")) - 1
        return np.maximum(values.astype(np.float32) / largest, -1)

    def _rows(self, source: dict[str, Any], count: int, dtype: np.dtype, width: int) -> np.ndarray:
        raw, stride = self._view(source["bufferView"])
        stride = stride or dtype.itemsize * width
        start = source.get("byteOffset", 0)
        rows = np.lib.stride_tricks.as_strided(raw[start:], (count, dtype.itemsize * width), (stride, 1))
        return np.ascontiguousarray(rows).view(dtype)

    @lru_cache(maxsize=64)  # noqa: B019 (a file lives only while it is read)
    def _view(self, index: int) -> tuple[np.ndarray, int]:
        view = self.scene["bufferViews"][index]
        packed = view.get("extensions", {}).get("EXT_meshopt_compression")
        if packed is None:
            start = view.get("byteOffset", 0)
            plain = np.frombuffer(self.binary, np.uint8, view["byteLength"], start)
            return plain, view.get("byteStride", 0)
        return _unpack(packed, self.binary), packed["byteStride"]

    def picture(self, texture: int) -> Image.Image:
        """The image of a texture, RGB."""
        entry = self.scene["textures"][texture]
        source = entry.get("extensions", {}).get("EXT_texture_webp", entry)["source"]
        view = self.scene["bufferViews"][self.scene["images"][source]["bufferView"]]
        start = view.get("byteOffset", 0)
        return Image.open(io.BytesIO(self.binary[start : start + view["byteLength"]])).convert("RGB")

    def local(self, node: int) -> np.ndarray:
        """Matrix of a node relative to its parent [4, 4]."""
        entry = self.scene["nodes"][node]
        if "matrix" in entry:
            return rearrange(np.array(entry["matrix"], np.float64), "(column row) -> row column", row=4)
        matrix = np.eye(4)
        matrix[:3, :3] = _quaternion(entry.get("rotation", (0, 0, 0, 1))) * np.array(entry.get("scale", (1, 1, 1)))
        matrix[:3, 3] = entry.get("translation", (0, 0, 0))
        return matrix

    def globals(self, turned: dict[str, np.ndarray]) -> list[np.ndarray]:
        """World matrices of all nodes; `turned` holds world rotations [3, 3] that named joints get about themselves."""
        parents = {child: i for i, node in enumerate(self.scene["nodes"]) for child in node.get("children", ())}
        found: dict[int, np.ndarray] = {}

        def world(node: int) -> np.ndarray:
            if node not in found:
                above = world(parents[node]) if node in parents else np.eye(4)
                found[node] = above @ self.local(node)
                rotation = turned.get(self.scene["nodes"][node].get("name", ""))
                if rotation is not None:
                    found[node][:3, :3] = rotation @ found[node][:3, :3]
            return found[node]

        return [world(node) for node in range(len(self.scene["nodes"]))]


def read_glb(path: Path) -> Gltf:
    """Read a binary glTF file; raises Unfit where it is none, or is cut off."""
    data = path.read_bytes()
    if data[:4] != b"glTF" or len(data) < 20:
        raise Unfit(f"{path} is not a binary glTF file; avatars are .glb files.")
    whole, length = struct.unpack("<I", data[8:12])[0], struct.unpack("<I", data[12:16])[0]
    if len(data) < whole:
        raise Unfit(f"{path} is cut off: {len(data)} of {whole} bytes; copy or download it again.")
    return Gltf(json.loads(data[20 : 20 + length]), data[20 + length + 8 :])


def _unpack(packed: dict[str, Any], binary: bytes) -> np.ndarray:
    """Bytes of a view compressed with EXT_meshopt_compression."""
    start, count, stride = packed.get("byteOffset", 0), packed["count"], packed["byteStride"]
    source = binary[start : start + packed["byteLength"]]
    if packed["mode"] == "TRIANGLES":
        return meshoptimizer.decode_index_buffer(count, stride, source).view(np.uint8)[: count * stride]
    if packed["mode"] == "INDICES":
        return meshoptimizer.decode_index_sequence(count, stride, source).view(np.uint8)[: count * stride]
    raw = meshoptimizer.decode_vertex_buffer(count, stride, source, np.dtype((np.void, stride))).view(np.uint8)
    name = packed.get("filter", "NONE")
    return raw if name == "NONE" else _FILTERS[name](raw, count, stride)


def _quaternion(q: tuple[float, float, float, float]) -> np.ndarray:
    """Rotation of a unit quaternion (x, y, z, w): [3, 3]."""
    x, y, z, w = np.array(q, np.float64) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def thin(points: np.ndarray, triangles: np.ndarray, *, keep: float = 0.4) -> np.ndarray:
    """About a share `keep` of the triangles [F, 3], chosen so that the surface stays; vertices are not moved."""
    flat = np.ascontiguousarray(triangles, np.uint32).ravel()
    kept, target = np.zeros_like(flat), int(len(flat) * keep) // 3 * 3
    places = np.ascontiguousarray(points, np.float32)
    count = meshoptimizer.simplify(kept, flat, places, target_index_count=target, target_error=0.02)
    return rearrange(kept[:count], "(f k) -> f k", k=3).astype(triangles.dtype)
