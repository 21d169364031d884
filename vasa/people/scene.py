"""The film studio: draws a posed avatar off-screen with OpenGL (extra "people": moderngl; no display needed)."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import moderngl
import numpy as np
from einops import rearrange

from vasa.people.actor import Actor, Look, Programs, write_uniform
from vasa.people.avatar import Avatar
from vasa.people.rig import face
from vasa.people.shaders import (
    BACKDROP_FRAGMENT,
    EYE_FRAGMENT,
    FRAGMENT,
    LENS_FRAGMENT,
    PICK_FRAGMENT,
    SCREEN_VERTEX,
    VERTEX,
)

PLACE_CELL = 4  # pixels of the picture per cell of the place map
PART_CELL = 2  # and of the part map


@dataclass(frozen=True)
class Filmed:
    """What the camera saw and where it saw it."""

    frames: np.ndarray  # [T, H, W, 3] uint8
    places: np.ndarray  # [T, 5, H/4, W/4] uint8, see `vasa.data.film.Clip.place`
    parts: np.ndarray  # [T, H/2, W/2] uint8, indices into `vasa.people.regions.PARTS`


class Stage:
    """An off-screen studio for square pictures; use it as a context manager, it holds the driver's memory.

    Edges are smoothed over `samples` a pixel. Raises ValueError where no OpenGL 3.3 driver is found.
    """

    def __init__(self, *, size: int, samples: int = 4) -> None:
        if size % PLACE_CELL:
            raise ValueError(f"A film's size must be a multiple of {PLACE_CELL}; got {size}.")
        try:
            self._gl = moderngl.create_standalone_context(backend="egl", require=330)  # type: ignore[arg-type]
        except Exception as error:
            raise ValueError(
                f"No off-screen OpenGL 3.3 driver was found ({error}); "
                "install Mesa's (apt-get install libegl1 libgl1-mesa-dri)."
            ) from None
        self._gl.front_face = "cw"  # pictures are drawn upside down, as their rows are stored
        self.size = size
        body, eyes, lenses = (self._gl.program(VERTEX, f) for f in (FRAGMENT, EYE_FRAGMENT, LENS_FRAGMENT))
        self._programs = Programs(self._gl.program(SCREEN_VERTEX, BACKDROP_FRAGMENT), body, eyes, lenses)
        layers = self._layers = [self._gl.texture((size, size), 4, samples=samples) for _ in range(3)]
        depth = self._gl.depth_renderbuffer((size, size), samples=samples)
        self._canvas = self._gl.framebuffer(layers, depth)
        self._painted = self._gl.framebuffer(layers[:1], depth)
        self._picked = self._gl.program(SCREEN_VERTEX, PICK_FRAGMENT)
        write_uniform(self._picked, "part", np.array(1))
        self._picker = self._gl.vertex_array(self._picked, [])
        self._picture = self._gl.framebuffer([self._gl.texture((size, size), 4)])
        self._places, self._parts = (self._maps(size // cell) for cell in (PLACE_CELL, PART_CELL))

    @property
    def renderer(self) -> str:
        """What draws, in the driver's words."""
        return str(self._gl.info["GL_RENDERER"])

    def _maps(self, side: int) -> moderngl.Framebuffer:
        return self._gl.framebuffer([self._gl.texture((side, side), 4) for _ in range(2)])

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gl.release()

    def film(self, avatar: Avatar, look: Look, *, expression: np.ndarray, parts: np.ndarray) -> Filmed:
        """Film expressions [T, E] and parts [T, 5, 4, 4]."""
        points, normals = face(avatar, expression)
        shots = []
        with self._gl.scope(self._canvas, moderngl.DEPTH_TEST):
            actor = Actor(self._gl, self._programs, avatar, look)
            for t in range(len(parts)):
                self._canvas.use()
                self._gl.enable(moderngl.DEPTH_TEST)
                actor.draw(self._canvas, self._painted, points[t], normals[t], parts[t])
                shots.append(self._read())
            actor.release()
        return Filmed(*(np.stack(kind) for kind in zip(*shots, strict=True)))

    def _read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Average the samples of each pixel, and pick place and part at the middle of each cell."""
        self._gl.copy_framebuffer(self._picture, self._painted)
        self._gl.disable(moderngl.DEPTH_TEST)
        for slot, layer in enumerate(self._layers[1:]):
            layer.use(slot)
        for maps, cell in ((self._places, PLACE_CELL), (self._parts, PART_CELL)):
            maps.use()
            write_uniform(self._picked, "cell", np.array(cell))
            self._picker.render(moderngl.TRIANGLES, vertices=3)
        place, part = (_pixels(self._places, i) for i in range(2))
        places = rearrange(np.concatenate([place, part[..., :1]], axis=-1), "h w c -> c h w")
        return _pixels(self._picture, 0)[..., :3], places, _pixels(self._parts, 1)[..., 1]


def _pixels(target: moderngl.Framebuffer, attachment: int) -> np.ndarray:
    raw = target.read(components=4, attachment=attachment)
    return rearrange(np.frombuffer(raw, np.uint8), "(h w c) -> h w c", h=target.height, c=4)
