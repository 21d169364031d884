"""What is exported shows the same pictures as the renderer that it was made of."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch
from omegaconf import OmegaConf

from vasa import checkpoint, export
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.render import VolumeRenderer
from vasa.types import Motion, Portrait

ALIKE = 1e-3  # a quarter of a grey level: a place that is rounded otherwise may fall on a steep pixel
CLOSEUP = leaf("closeup", "tiny")
ARTICULATION = {"_target_": "vasa.render.articulation.Articulation", "dynamics": 8, "gain": 1.3}
READER = leaf("reader", "tiny")
SEEN = {"_target_": "vasa.render.reader_dynamics.ReaderDynamics", "dim": 8, "hidden": 4, "reader": READER}
# As those that ship: read through a face reader, which no frame needs, with a closeup, and lips that open farther.
MORE = {"spectral": True, "closeup": CLOSEUP, "articulation": ARTICULATION}
CONFIG = OmegaConf.merge(leaf("renderer", "tiny"), MORE)
CONFIG.pose, CONFIG.dynamics = None, SEEN


@pytest.fixture(scope="module")
def renderer() -> VolumeRenderer:
    """Tiny, with warps that bend, so that every look-up counts."""
    torch.manual_seed(0)
    made: VolumeRenderer = instantiate(CONFIG).eval()
    for warp in (made.to_canonical, made.to_posed):
        torch.nn.init.normal_(warp.offsets.weight, std=0.2)
    assert made.closeup is not None
    assert made.articulation is not None
    for value in made.articulation.buffers():
        torch.nn.init.normal_(value, std=0.2)
    torch.nn.init.normal_(made.closeup.basis, std=0.2)
    torch.nn.init.normal_(made.closeup.last.weight, std=0.2)  # type: ignore[arg-type]
    torch.nn.init.normal_(made.closeup.mouth.paint.say.weight, std=0.05)
    torch.nn.init.normal_(made.closeup.eyes.turn, std=0.01)
    return made


@pytest.fixture(scope="module")
def files(renderer: VolumeRenderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and both kinds of its exported file."""
    folder = tmp_path_factory.mktemp("export")
    checkpoint.save(folder / "model" / "renderer", renderer, CONFIG)
    for suffix in export.SUFFIXES:
        assert main(["export", str(folder / "model"), "-o", str(folder / f"frames{suffix}")]) == 0
    return folder


@pytest.fixture(scope="module")
def program(files: Path) -> torch.nn.Module:
    return torch.export.load(files / "frames.pt2").module()


@pytest.fixture(params=[1, 4])
def scene(request: pytest.FixtureRequest, renderer: VolumeRenderer) -> tuple[Portrait, Motion]:
    """A portrait and motion that moves, of one frame and of several."""
    length = request.param
    with torch.no_grad():
        portrait = renderer.encode(torch.rand(1, 3, 32, 32))
    return portrait, Motion(0.4 * torch.randn(1, length, 6), torch.randn(1, length, 8))


def test_onnx_shows_the_same(renderer: VolumeRenderer, files: Path, scene: tuple[Portrait, Motion]) -> None:
    session = onnxruntime.InferenceSession(files / "frames.onnx", providers=["CPUExecutionProvider"])
    given = {name: value.numpy() for name, value in export.inputs(*scene).items()}
    assert {wanted.name for wanted in session.get_inputs()} == given.keys()
    with torch.no_grad():
        expected = renderer.render(*scene)[0]
    torch.testing.assert_close(torch.from_numpy(session.run(None, given)[0]), expected, atol=ALIKE, rtol=0)


def test_the_exported_program_shows_the_same(
    renderer: VolumeRenderer, program: torch.nn.Module, scene: tuple[Portrait, Motion]
) -> None:
    with torch.no_grad():
        expected = renderer.render(*scene)[0]
        torch.testing.assert_close(program(**export.inputs(*scene)), expected, atol=ALIKE, rtol=0)


def test_nothing_is_left_beside_the_files(files: Path) -> None:
    assert sorted(p.name for p in files.iterdir()) == ["frames.onnx", "frames.pt2", "model"]


@pytest.mark.parametrize(
    ("name", "complaint"), [("frames.engine", "end in .onnx or .pt2"), ("missing/frames.onnx", "There is no folder")]
)
def test_a_file_that_cannot_be_written_is_refused_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, complaint: str
) -> None:
    assert main(["export", "mini", "-o", str(tmp_path / name)]) == 2
    assert complaint in capsys.readouterr().err


def test_a_program_takes_one_face(renderer: VolumeRenderer) -> None:
    with torch.no_grad(), pytest.raises(ValueError, match="shows one face; got 2 portraits"):
        export.inputs(renderer.encode(torch.rand(2, 3, 32, 32)), Motion(torch.zeros(2, 1, 6), torch.zeros(2, 1, 8)))
