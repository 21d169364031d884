"""The film studio: draws a posed avatar off-screen with OpenGL (extra "people": moderngl; no display needed)."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import moderngl
import numpy as np
from einops import rearrange
from scipy.spatial import cKDTree

from vasa.people.avatar import Avatar
from vasa.people.rig import face
from vasa.people.shaders import BACKDROP_FRAGMENT, FRAGMENT, PICK_FRAGMENT, SCREEN_VERTEX, VERTEX

PLACE_CELL = 4  # pixels of the picture per cell of the place map


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


class Stage:
    """An off-screen studio for square pictures; use it as a context manager, it holds the driver's memory.

    Edges are smoothed over `samples` a pixel. Raises ValueError where no OpenGL 3.3 driver is found.
    """

    def __init__(self, *, size: int, samples: int = 4) -> None:
        if size % PLACE_CELL:
            raise ValueError(f"A film's size must be a multiple of {PLACE_CELL}; got {size}.")
        try:
            self._gl = moderngl.create_context(standalone=True, backend="egl", require=330)
        except Exception as error:
            raise ValueError(
                f"No off-screen OpenGL 3.3 driver was found ({error}); install Mesa's (apt-get install libegl1 libgl1-mesa-dri)."
            ) from None
        self.size = size
        self._program = self._gl.program(VERTEX, FRAGMENT)
        self._backdrop = self._gl.program(SCREEN_VERTEX, BACKDROP_FRAGMENT)
        small = size // PLACE_CELL
        layers = [self._gl.texture((size, size), 4, samples=samples) for _ in range(3)]
        self._canvas = self._gl.framebuffer(layers, self._gl.depth_renderbuffer((size, size), samples=samples))
        self._painted = self._gl.framebuffer(layers[:1])
        self._picked = self._gl.program(SCREEN_VERTEX, PICK_FRAGMENT)
        self._picked["part"].value = 1
        self._picker = self._gl.vertex_array(self._picked, [])
        self._picture = self._gl.framebuffer([self._gl.texture((size, size), 4)])
        self._places = self._gl.framebuffer([self._gl.texture((small, small), 4) for _ in range(2)])

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._gl.release()

    def film(
        self, avatar: Avatar, look: Look, *, expression: np.ndarray, parts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pictures of expressions [T, E] and parts [T, 5, 4, 4]: uint8 [T, H, W, 3] and place maps uint8 [T, 5, H/4, W/4]."""
        points, normals = face(avatar, expression)
        frames = np.empty((len(parts), self.size, self.size, 3), np.uint8)
        small = self.size // PLACE_CELL
        places = np.empty((len(parts), 5, small, small), np.uint8)
        with self._gl.scope(self._canvas, moderngl.DEPTH_TEST):
            actor = _Actor(self._gl, self._program, self._backdrop, avatar, look)
            for t in range(len(parts)):
                self._canvas.use()
                self._gl.enable(moderngl.DEPTH_TEST)
                actor.draw(self._canvas, points[t], normals[t], parts[t])
                frames[t], places[t] = self._read()
            actor.release()
        return frames, places

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        """Average the samples of each pixel, and pick the place at the middle of each cell."""
        self._gl.copy_framebuffer(self._picture, self._painted)
        self._gl.disable(moderngl.DEPTH_TEST)
        self._places.use()
        for slot, layer in enumerate(self._canvas.color_attachments[1:]):
            layer.use(slot)
        self._picker.render(moderngl.TRIANGLES, vertices=3)
        picture = _pixels(self._picture, 0)
        place, part = (_pixels(self._places, i) for i in range(2))
        return picture[..., :3], rearrange(np.concatenate([place, part[..., :1]], axis=-1), "h w c -> c h w")


def _pixels(target: moderngl.Framebuffer, attachment: int) -> np.ndarray:
    raw = target.read(components=4, attachment=attachment)
    return rearrange(np.frombuffer(raw, np.uint8), "(h w c) -> h w c", h=target.height, c=4)


class _Actor:
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
        static = np.c_[avatar.points, avatar.uv, avatar.weights, avatar.layer, avatar.kind, cavity(avatar)]
        self._static = gl.buffer(static.astype(np.float32))
        self._index = gl.buffer(np.ascontiguousarray(avatar.triangles))
        self._body = gl.vertex_array(
            program,
            [
                (self._moving, "3f 3f", "position", "normal"),
                (self._static, "3f 2f 4f 3f", "canonical", "uv", "weights", "surface"),
            ],
            index_buffer=self._index,
        )
        height, width = avatar.textures.shape[1:3]
        self._skin = gl.texture_array((width, height, 2), 3, np.ascontiguousarray(avatar.textures))
        self._skin.build_mipmaps()
        self._skin.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        tall, broad = look.backdrop.shape[:2]
        self._scene = gl.texture((broad, tall), 3, np.ascontiguousarray(look.backdrop), alignment=1)
        self._screen = gl.vertex_array(backdrop, [])
        tone = face_colour(avatar)
        self._set(look, tone / tone.sum())

    def _set(self, look: Look, skin_colour: np.ndarray) -> None:
        values = {
            "skin_tint": look.skin, "hair_tint": look.hair, "clothes_tint": look.clothes, "lamps": look.lamps,
            "colours": look.colours, "ambient": look.ambient, "skin_colour": skin_colour,
        }  # fmt: skip
        for name, value in values.items():
            self._program[name].write(np.ascontiguousarray(value, np.float32).tobytes())
        self._program["gloss"].value = look.gloss
        self._program["distance"].value = look.distance

    def draw(self, target: moderngl.Framebuffer, points: np.ndarray, normals: np.ndarray, parts: np.ndarray) -> None:
        """Draw one frame: moving points and normals [M, 3], parts [5, 4, 4]."""
        target.clear()
        self._scene.use(0)
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        self._moving.write(np.concatenate([points, normals], axis=1))
        self._program["parts"].write(np.ascontiguousarray(np.swapaxes(parts, 1, 2), np.float32).tobytes())
        self._skin.use(0)
        self._body.render()

    def release(self) -> None:
        """Give the driver's memory back."""
        for part in (self._body, self._screen, self._moving, self._static, self._index, self._skin, self._scene):
            part.release()


def cavity(avatar: Avatar) -> np.ndarray:
    """How much light reaches each vertex, [V] in 0 to 1: teeth, tongue and the inside of the mouth are dark at the back."""
    away = avatar.points - avatar.points[avatar.lips].mean(0)
    near = np.flatnonzero(
        (avatar.kind == 0) & (np.abs(away[:, 0]) < 0.15) & (away[:, 1] > -0.12) & (away[:, 1] < 0.07) & (away[:, 2] > -0.5)
    )
    flat = cKDTree(away[near, :2])
    front = np.array([away[near[around], 2].max() for around in flat.query_ball_point(away[near, :2], 0.025)])
    light = np.ones(len(away))
    light[near] = np.clip(1 - (front - away[near, 2] - 0.04) / 0.1, 0.06, 1)
    teeth = (avatar.kind == 2) | (avatar.kind == 3)
    light[teeth] = np.clip(0.85 + (away[teeth, 2] + 0.02) / 0.2, 0.06, 0.85)
    return light


def face_colour(avatar: Avatar) -> np.ndarray:
    """Median colour of the face's texture: [3] in 0 to 255."""
    shown = avatar.points - avatar.points[avatar.lips].mean(0)
    cheeks = (avatar.kind == 0) & (shown[:, 2] > -0.12) & (np.abs(shown[:, 1] - 0.1) < 0.12)
    height, width = avatar.textures.shape[1:3]
    column, row = (avatar.uv[cheeks] % 1 * [width - 1, height - 1]).astype(int).T
    return np.median(avatar.textures[0, row, column].astype(np.float64), axis=0)
