"""An avatar on the stage: its buffers in the driver's memory, how it is lit, and one draw a frame."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np
from einops import rearrange
from scipy.spatial import cKDTree

from vasa.people.avatar import Avatar
from vasa.people.regions import crown_colour, regions


@dataclass(frozen=True)
class Look:
    """How one clip is lit, coloured and seen."""

    skin: np.ndarray  # [3] gain in linear light
    hair: np.ndarray  # [3]
    clothes: np.ndarray  # [3]
    lamps: np.ndarray  # [3, 3] unit directions towards three lamps
    colours: np.ndarray  # [3, 3] their light
    ambient: np.ndarray  # [2, 3] light from below and from above
    gloss: float  # of the skin, 0 to 1
    backdrop: np.ndarray  # [H, W, 3] uint8, any size
    distance: float  # of the camera, canonical units


class Actor:
    """Buffers and textures of one avatar in one look."""

    def __init__(
        self,
        gl: moderngl.Context,
        program: moderngl.Program,
        backdrop: moderngl.Program,
        avatar: Avatar,
        look: Look,
    ) -> None:
        self._program = program
        self._moving = gl.buffer(np.c_[avatar.points, avatar.normals].astype(np.float32), dynamic=True)
        surface = np.c_[avatar.layer, avatar.kind, cavity(avatar), regions(avatar)]
        static = np.c_[avatar.points, avatar.uv, avatar.weights, surface]
        self._static = gl.buffer(static.astype(np.float32))
        self._index = gl.buffer(np.ascontiguousarray(avatar.triangles))
        self._body = gl.vertex_array(
            program,
            [
                (self._moving, "3f 3f", "position", "normal"),
                (self._static, "3f 2f 4f 4f", "canonical", "uv", "weights", "surface"),
            ],
            index_buffer=self._index,
        )
        height, width = avatar.textures.shape[1:3]
        self._skin = gl.texture_array((width, height, 2), 3, np.ascontiguousarray(avatar.textures))
        self._skin.build_mipmaps()
        self._skin.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        tall, broad = look.backdrop.shape[:2]
        self._scene = gl.texture((broad, tall), 3, np.ascontiguousarray(look.backdrop), alignment=1)
        self._scene.repeat_x = self._scene.repeat_y = False
        self._screen = gl.vertex_array(backdrop, [])
        self._set(look, face_colour(avatar), crown_colour(avatar))

    def _set(self, look: Look, tone: np.ndarray, crown: np.ndarray) -> None:
        values = {
            "skin_tint": look.skin, "hair_tint": look.hair, "clothes_tint": look.clothes, "lamps": look.lamps,
            "colours": look.colours, "ambient": look.ambient, "skin_colour": tone / tone.sum(),
            "face_colour": tone / 255, "crown_colour": crown / 255, "gloss": np.array(look.gloss),
            "distance": np.array(look.distance),
        }  # fmt: skip
        for name, value in values.items():
            write_uniform(self._program, name, value)

    def draw(self, target: moderngl.Framebuffer, points: np.ndarray, normals: np.ndarray, parts: np.ndarray) -> None:
        """Draw one frame: moving points and normals [M, 3], parts [5, 4, 4]."""
        target.clear()
        self._scene.use(0)
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        self._moving.write(np.concatenate([points, normals], axis=1))
        write_uniform(self._program, "parts", rearrange(parts, "n row column -> n column row"))
        self._skin.use(0)
        self._body.render()

    def release(self) -> None:
        """Give the driver's memory back."""
        for part in (self._body, self._screen, self._moving, self._static, self._index, self._skin, self._scene):
            part.release()


def cavity(avatar: Avatar) -> np.ndarray:
    """How much light reaches each vertex, [V] in 0 to 1: the mouth is dark at the back, teeth and tongue too."""
    away = avatar.points - avatar.points[avatar.lips].mean(0)
    around = (np.abs(away) < [0.2, 0.16, 0.67]).all(1) & (away[:, 1] < 0.09)
    near = np.flatnonzero((avatar.kind == 0) & around)
    flat = cKDTree(away[near, :2])
    front = np.array([away[near[beside], 2].max() for beside in flat.query_ball_point(away[near, :2], 0.033)])
    light = np.ones(len(away))
    light[near] = np.clip(1 - (front - away[near, 2] - 0.053) / 0.133, 0.06, 1)
    teeth = (avatar.kind == 2) | (avatar.kind == 3)
    light[teeth] = np.clip(0.85 + (away[teeth, 2] + 0.027) / 0.267, 0.06, 0.85)
    return light


def face_colour(avatar: Avatar) -> np.ndarray:
    """Median colour of the face's texture: [3] in 0 to 255."""
    shown = avatar.points - avatar.points[avatar.lips].mean(0)
    cheeks = (avatar.kind == 0) & (shown[:, 2] > -0.16) & (np.abs(shown[:, 1] - 0.133) < 0.16)
    height, width = avatar.textures.shape[1:3]
    column, row = (avatar.uv[cheeks] % 1 * [width - 1, height - 1]).astype(int).T
    return np.median(avatar.textures[0, row, column].astype(np.float64), axis=0)


def write_uniform(program: moderngl.Program, name: str, value: np.ndarray) -> None:
    """Set a uniform of floats, or of one integer."""
    uniform = program[name]
    assert isinstance(uniform, moderngl.Uniform)
    dtype = np.int32 if value.dtype.kind == "i" else np.float32
    uniform.write(np.ascontiguousarray(value, dtype).tobytes())
