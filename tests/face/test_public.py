"""Public networks load what is published, in its own format, and speak vasa's units."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import timm
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from timm.models import save_for_hf
from torch import Tensor, nn

from vasa.config import instantiate, leaf
from vasa.face.protocol import EmotionReader, GazeReader, IdentityReader
from vasa.face.public.arcface import ArcFace
from vasa.face.public.files import cut, normalised, weights
from vasa.face.public.hsemotion import AFFECTNET, HSEmotion
from vasa.face.public.l2cs import BELOW, HALF, L2CSGaze, expected
from vasa.types import EMOTIONS

torchvision = pytest.importorskip("torchvision")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def faces(count: int = 2, size: int = 64) -> Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def test_the_face_reader_does_what_each_of_them_does() -> None:
    torch.manual_seed(0)
    reader = instantiate(leaf("reader", "tiny")).eval()
    assert isinstance(reader, GazeReader)
    assert isinstance(reader, EmotionReader)
    assert isinstance(reader, IdentityReader)
    read = reader(faces())
    assert torch.equal(reader.gaze_of(faces()), read.gaze)
    assert torch.equal(reader.emotion_of(faces()), read.emotion)
    assert torch.equal(reader.identity_of(faces()), read.identity)


def test_a_cut_is_the_square_that_was_asked_for() -> None:
    picture = torch.zeros(1, 3, 100, 100)
    picture[..., 30:50, 40:60] = 1  # about (0, -0.2) in crop units, 0.4 wide
    assert cut(picture, size=20, half=0.19, below=-0.2).min() > 0.99
    assert cut(picture, size=40, half=0.4, below=-0.2).mean() == pytest.approx(0.25, abs=0.03)


@pytest.fixture(name="published_gaze")
def _published_gaze(tmp_path: Path) -> tuple[Path, nn.Module, dict[str, nn.Linear]]:
    """A small network as L2CS-Net saves it: torchvision's ResNet with two heads, and a layer that is left over."""
    torch.manual_seed(0)
    trunk = torchvision.models.resnet18(num_classes=7)
    heads = {name: nn.Linear(512, 90) for name in ("fc_yaw_gaze", "fc_pitch_gaze")}
    heads["fc_pitch_gaze"].bias.data[60] = 9.0
    trunk.fc = nn.Identity()
    state = dict(trunk.state_dict()) | {"fc_finetune.weight": torch.zeros(3, 515), "fc_finetune.bias": torch.zeros(3)}
    state |= {f"{name}.{key}": value for name, head in heads.items() for key, value in head.state_dict().items()}
    torch.save(state, tmp_path / "gaze.pkl")
    return tmp_path, trunk.eval(), heads


@torch.no_grad()
def test_gaze_is_what_the_published_network_says(published_gaze, capsys: pytest.CaptureFixture[str]) -> None:
    folder, trunk, heads = published_gaze
    model = L2CSGaze.from_pretrained(folder, trunk="resnet18", image_size=64)
    assert "Gaze360" in capsys.readouterr().err
    assert isinstance(model, GazeReader)
    seen = trunk(normalised(cut(faces(), size=64, half=HALF, below=BELOW), MEAN, STD))
    sideways, up = (
        (head(seen).softmax(-1) * torch.arange(90.0)).sum(-1) * 4 - 180
        for head in (heads["fc_yaw_gaze"], heads["fc_pitch_gaze"])
    )
    torch.testing.assert_close(model.gaze_of(faces()), torch.stack([-sideways, up], -1).deg2rad(), atol=1e-4, rtol=1e-3)
    assert up.min() > 5  # the bin of 60 degrees was made likely


def test_the_expected_angle_of_one_sure_bin_is_its_own() -> None:
    assert expected(100.0 * torch.eye(90)[45:46]).item() == pytest.approx(0, abs=1e-4)
    assert expected(100.0 * torch.eye(90)[50:51]).item() == pytest.approx(math.radians(20), abs=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("outputs", [7, 8, 10])
def test_emotions_are_named_as_ours(tmp_path: Path, outputs: int, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(outputs)
    network = timm.create_model("test_efficientnet", num_classes=outputs).eval()
    state = {name.replace("classifier.", "classifier.0."): value for name, value in network.state_dict().items()}
    torch.save(state, tmp_path / "emotion.pt")
    model = HSEmotion.from_pretrained(tmp_path / "emotion.pt", trunk="test_efficientnet", image_size=64)
    assert "AffectNet" in capsys.readouterr().err
    seen = model.emotion_of(faces())
    torch.testing.assert_close(seen.sum(-1), torch.ones(2))
    names = AFFECTNET if outputs != 7 else [name for name in AFFECTNET if name != "contempt"]
    plain = network(normalised(cut(faces(), size=64, half=0.55, below=-0.05), MEAN, STD))[:, : len(names)].softmax(-1)
    for column, name in enumerate(names):
        torch.testing.assert_close(seen[:, EMOTIONS.index(name)], plain[:, column])
    assert (seen[:, EMOTIONS.index("contempt")] == 0).all() == (outputs == 7)


@torch.no_grad()
def test_identity_is_a_unit_vector_of_timms_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    network = timm.create_model("test_vit", num_classes=12).eval()
    save_for_hf(network, tmp_path)
    model = ArcFace.from_pretrained(tmp_path)
    assert "MS1MV3" in capsys.readouterr().err
    seen = model.identity_of(faces())
    assert seen.shape == (2, 12)
    torch.testing.assert_close(seen.norm(dim=-1), torch.ones(2))
    assert not torch.allclose(seen[0], seen[1])


def offline(*_: object, **__: object) -> str:
    raise LocalEntryNotFoundError("no network")


def test_what_cannot_be_loaded_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="has no weights of X"):
        weights(tmp_path, title="X")
    with pytest.raises(ValueError, match=r"has no config\.json"):
        ArcFace.from_pretrained(tmp_path)
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pt")
    with pytest.raises(ValueError, match="a pickled program"):
        weights(tmp_path, title="X")
    (tmp_path / "whole.pt").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"damaged|pickled"):
        weights(tmp_path, title="X")
    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(ValueError, match="the hub did not give it"):
        weights("nobody/here", title="X")
    with pytest.raises(ValueError, match="7, 10, 9 outputs; got 3"):
        HSEmotion(outputs=3)
    torch.save(L2CSGaze(trunk="resnet18").trunk.state_dict(), tmp_path / "trunk.pth")
    (tmp_path / "whole.pt").unlink()
    with pytest.raises(ValueError, match="do not fit"):
        L2CSGaze.from_pretrained(tmp_path, trunk="resnet18")
