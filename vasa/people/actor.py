"""An avatar on the stage: its buffers in the driver's memory, how it is lit, and one draw a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import moderngl
import numpy as np
from einops import rearrange
from scipy.spatial import cKDTree

from vasa.people.avatar import KINDS, Avatar
from vasa.people.hollow import hollowed
from vasa.people.marks import marked
from vasa.people.occlusion import openness
from vasa.people.regions import regions

_EYE, _LENS, _HOLLOW = (float(KINDS.index(name)) for name in ("eye", "lens", "hollow"))
_SOLID = [float(KINDS.index(name)) for name in ("skin", "lower teeth", "upper teeth", "hollow")]
_DARK = 0.06  # of the light reaches the back of a mouth


@dataclass(frozen=True)
class Look:
    """How one clip is lit and seen."""

    lamps: np.ndarray  # [3, 3] unit directions towards three lamps
    colours: np.ndarray  # [3, 3] their light
    sky: np.ndarray  # [9, 3] light from all around, spherical harmonics of irradiance (see shaders.VERTEX)
    gloss: float  # of the skin, 0 to 1
    backdrop: np.ndarray  # [H, W, 3] uint8, any size
    distance: float  # of the camera, canonical units
    glare: np.ndarray  # [4] colour of glasses' lenses and how much light they hold back


@dataclass(frozen=True)
class Programs:
    """What draws backdrop, body, eyes and the lenses of glasses."""

    backdrop: moderngl.Program
    body: moderngl.Program
    eyes: moderngl.Program
    lenses: moderngl.Program


class Actor:
    """Buffers and textures of one avatar in one look."""

    def __init__(self, gl: moderngl.Context, programs: Programs, avatar: Avatar, look: Look) -> None:
        self._gl, self._programs = gl, programs
        avatar = hollowed(avatar)
        self._moving = gl.buffer(np.c_[avatar.points, avatar.normals].astype(np.float32), dynamic=True)
        surface = np.c_[avatar.layer, avatar.kind, cavity(avatar), regions(avatar)]
        static = np.c_[avatar.points, avatar.uv, avatar.weights, surface, openness(avatar)]
        self._static = gl.buffer(static.astype(np.float32))
        groups = _groups(avatar)
        self._index = gl.buffer(np.ascontiguousarray(np.concatenate(groups)).astype(np.int32))
        self._counts = [3 * len(group) for group in groups]
        self._body, self._eyes, self._lenses = (
            self._array(program) for program in (programs.body, programs.eyes, programs.lenses)
        )
        self._skin = _layers(gl, marked(avatar))
        tall, broad = look.backdrop.shape[:2]
        self._scene = gl.texture((broad, tall), 3, np.ascontiguousarray(look.backdrop), alignment=1)
        self._scene.repeat_x = self._scene.repeat_y = False
        self._screen = gl.vertex_array(programs.backdrop, [])
        for program in (programs.body, programs.eyes, programs.lenses):
            _light(program, look)

    def _array(self, program: moderngl.Program) -> moderngl.VertexArray:
        return self._gl.vertex_array(
            program,
            [
                (self._moving, "3f 3f", "position", "normal"),
                (self._static, "3f 2f 4f 4f 4f", "canonical", "uv", "weights", "surface", "open"),
            ],
            index_buffer=self._index,
            skip_errors=True,  # a program does not use everything
        )

    def draw(
        self,
        target: moderngl.Framebuffer,
        painted: moderngl.Framebuffer,
        points: np.ndarray,
        normals: np.ndarray,
        parts: np.ndarray,
    ) -> None:
        """Draw one frame: moving points and normals [M, 3], parts [5, 4, 4]; `painted` is the target's picture."""
        target.clear()
        self._moving.write(np.concatenate([points, normals], axis=1))
        for program in (self._programs.body, self._programs.eyes, self._programs.lenses):
            write_uniform(program, "parts", rearrange(parts, "n row column -> n column row"))
        solid, open_, eyes, lenses = self._ranges()
        self._skin.use(0)
        self._gl.enable(moderngl.CULL_FACE)
        self._body.render(vertices=solid[1], first=solid[0])
        self._eyes.render(vertices=eyes[1], first=eyes[0])
        self._gl.disable(moderngl.CULL_FACE)
        if open_[1]:
            self._body.render(vertices=open_[1], first=open_[0])
        self._scene.use(0)
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        if lenses[1]:
            painted.use()
            self._gl.enable(moderngl.BLEND)
            self._lenses.render(vertices=lenses[1], first=lenses[0])
            self._gl.disable(moderngl.BLEND)

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """First index and count of each group."""
        starts = np.cumsum([0, *self._counts])
        return iter([(int(start), count) for start, count in zip(starts, self._counts, strict=False)])

    def release(self) -> None:
        """Give the driver's memory back."""
        arrays = (self._body, self._eyes, self._lenses, self._screen)
        for part in (*arrays, self._moving, self._static, self._index, self._skin, self._scene):
            part.release()


def _groups(avatar: Avatar) -> list[np.ndarray]:
    """Triangles that show one side, those that show both, the eyes', the lenses'."""
    kind = avatar.kind[avatar.triangles[:, 0]]
    head = avatar.weights[avatar.triangles[:, 0]][:, :2].sum(-1) > 0.5
    solid = np.isin(kind, _SOLID) & head
    eyes, lenses = kind == _EYE, kind == _LENS
    return [avatar.triangles[chosen] for chosen in (solid, ~(solid | eyes | lenses), eyes, lenses)]


def _layers(gl: moderngl.Context, textures: np.ndarray) -> moderngl.TextureArray:
    count, height, width, channels = textures.shape
    made = gl.texture_array((width, height, count), channels, np.ascontiguousarray(textures))
    made.build_mipmaps()
    made.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return made


def _light(program: moderngl.Program, look: Look) -> None:
    values = {
        "lamps": look.lamps, "colours": look.colours, "sky": look.sky, "gloss": np.array(look.gloss),
        "distance": np.array(look.distance), "glare": look.glare,
    }  # fmt: skip
    for name, value in values.items():
        if name in program:
            write_uniform(program, name, value)


def cavity(avatar: Avatar) -> np.ndarray:
    """How much light reaches each vertex, [V] in 0 to 1: the mouth is dark at the back, teeth and tongue too."""
    away = avatar.points - avatar.points[avatar.lips].mean(0)
    around = (np.abs(away) < [0.2, 0.16, 0.67]).all(1) & (away[:, 1] < 0.09)
    near = np.flatnonzero((avatar.kind == 0) & around)
    flat = cKDTree(away[near, :2])
    front = np.array([away[near[beside], 2].max() for beside in flat.query_ball_point(away[near, :2], 0.033)])
    light = np.ones(len(away))
    light[near] = np.clip(1 - (front - away[near, 2] - 0.053) / 0.133, _DARK, 1)
    teeth = (avatar.kind == 2) | (avatar.kind == 3)
    light[teeth] = np.clip(0.85 + (away[teeth, 2] + 0.027) / 0.267, _DARK, 0.85)
    light[avatar.kind == _HOLLOW] = _DARK
    return light


def write_uniform(program: moderngl.Program, name: str, value: np.ndarray) -> None:
    """Set a uniform of floats, or of one integer."""
    uniform = program[name]
    assert isinstance(uniform, moderngl.Uniform)
    dtype = np.int32 if value.dtype.kind == "i" else np.float32
    uniform.write(np.ascontiguousarray(value, dtype).tobytes())
