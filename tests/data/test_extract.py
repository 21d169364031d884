from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.conftest import WholePicture
from tests.films import make_film, shard_of
from tests.render.liveportrait.conftest import filled, small_config
from vasa import Pipeline, checkpoint
from vasa.cli import main
from vasa.cli.train_motion import run
from vasa.config import instantiate, leaf
from vasa.data.clip import clips_in, facts_of
from vasa.data.film import brought_to, clips_of, expression
from vasa.data.latents import Latents
from vasa.data.mirror import Mirrored, partners
from vasa.data.revoiced import Revoiced
from vasa.data.shards import revise
from vasa.motion import DiffusionMotion
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.meaning import Meaning


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    for group in ("renderer", "audio"):
        checkpoint.save(tmp_path / group, instantiate(leaf(group, "tiny")), leaf(group, "tiny"))
    return tmp_path


def _extract(film: Path, parts: Path, *more: str) -> int:
    words = ["--renderer", str(parts / "renderer"), "--audio", str(parts / "audio"), "-o", str(parts / "latents")]
    return main(["extract", str(film), *words, *more])


def test_a_film_becomes_latents_that_fit_the_renderer(parts: Path) -> None:
    film = make_film(parts / "film")
    assert _extract(film, parts) == 0
    latents, renderer = Latents.load(parts / "latents"), checkpoint.load(parts / "latents" / "renderer")
    assert latents.space == renderer.space  # the measured space is noted in the copy
    assert len(latents.split("train")) == 2
    motion = torch.cat([track.motion for track in latents.split("train")])
    torch.testing.assert_close(motion.mean(0), torch.zeros(renderer.space.size), atol=1e-2, rtol=0)


def test_sound_may_be_heard_by_a_published_network(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = checkpoint.load(parts / "audio")
    own.model.config.mask_time_prob = 0.05  # as published: with a mask that is not
    own.model.save_pretrained(parts / "wav2vec2")
    words = ["--renderer", str(parts / "renderer"), "-o", str(parts / "latents"), "--device", "cpu"]
    film = make_film(parts / "film")
    assert main(["extract", str(film), "--audio", str(parts / "wav2vec2"), *words]) == 0
    assert main(["extract", str(film), "--audio", str(parts / "wav2vec2"), *words]) == 0  # goes on where it was
    (parts / "wav2vec2").rename(parts / "elsewhere")  # what was heard with does not need the original
    kept = checkpoint.load(parts / "latents" / "audio")
    assert Latents.load(parts / "latents").split("train")[0].features.shape[-1] == kept.dim == 16
    sound = torch.randn(1, 6400)
    kept.normalize = own.normalize
    kept.floor = own.floor
    torch.testing.assert_close(kept(sound), own(sound))
    assert main(["extract", str(film), "--audio", str(parts / "nowhere"), *words]) == 2
    assert "no wav2vec2 that transformers can load" in capsys.readouterr().err


def test_several_films_become_one_set_of_latents(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films = [make_film(parts / name, seed=seed) for seed, name in enumerate(("first", "second"))]
    words = ["--renderer", str(parts / "renderer"), "--audio", str(parts / "audio"), "-o", str(parts / "latents")]
    assert main(["extract", *map(str, films), *words]) == 0
    listing = json.loads((parts / "latents" / "latents.json").read_text())
    assert len(Latents.load(parts / "latents").split("train")) == 4
    assert len({clip["name"] for clip in listing["clips"]}) == 6
    assert listing["statistics"]["people"] == {"train": 4, "test": 2}
    same_name = make_film(parts / "beside" / "first")
    assert main(["extract", str(films[0]), str(same_name), *words]) == 2
    assert "folders of different names" in capsys.readouterr().err
    about = films[1] / "film.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"expression_names": ["jawOpen"]}))
    assert main(["extract", *map(str, films), *words]) == 2
    assert "label different expressions" in capsys.readouterr().err


def test_extraction_goes_on_where_it_stopped_and_only_with_the_same_parts(
    parts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = make_film(parts / "film", clips=5)
    words = ["--renderer", str(parts / "renderer"), "--audio", str(parts / "audio"), "-o", str(parts / "latents")]
    assert main(["extract", str(film), *words, "--part", "1/2"]) == 0
    written = {path.name: path.stat().st_mtime_ns for path in (parts / "latents").glob("0*.safetensors")}
    assert len(written) == 2
    assert not (parts / "latents" / "latents.json").exists()
    assert main(["extract", str(film), *words]) == 0
    assert all((parts / "latents" / name).stat().st_mtime_ns == time for name, time in written.items())
    whole = Latents.load(parts / "latents")
    assert sum(map(len, whole.clips.values())) == 5
    assert main(["extract", str(film), *words]) == 0
    assert main(["extract", str(film), *words, "--window", "25"]) == 2
    assert "begun with another renderer" in capsys.readouterr().err
    assert main(["extract", str(film), *words, "--part", "2/2"]) == 2


def test_the_renderer_itself_is_left_as_it_was(parts: Path) -> None:
    before = {path.name: path.read_bytes() for path in (parts / "renderer").iterdir()}
    assert _extract(make_film(parts / "film"), parts) == 0
    assert before == {path.name: path.read_bytes() for path in (parts / "renderer").iterdir()}


def test_extraction_says_what_there_is_and_fits_handles(parts: Path) -> None:
    film = make_film(parts / "film", frames=40)
    assert _extract(film, parts) == 0
    listing = json.loads((parts / "latents" / "latents.json").read_text())["statistics"]
    assert listing["frames"] == {"train": 80, "test": 40}
    assert listing["people"] == {"train": 2, "test": 1}
    gaze = torch.cat([clip.labels["gaze"] for clip in clips_of(film, "train")])
    assert listing["values"]["gaze"]["mean"] == pytest.approx(gaze.mean(0).tolist(), abs=1e-4)
    handles = checkpoint.load(parts / "latents" / "handles")
    assert handles.names == ("lips", "lips 1", "blink", "gaze yaw", "gaze pitch")
    assert handles.dynamics == checkpoint.load(parts / "renderer").space.dynamics


def test_a_film_of_another_size_is_brought_to_the_renderers(parts: Path) -> None:
    film = make_film(parts / "film", size=64)
    assert _extract(film, parts) == 0
    clip, renderer = clips_of(film, "train")[0], checkpoint.load(parts / "renderer")
    small = brought_to(32, clip.frames(slice(0, 4))).float() / 255
    expected = renderer.dynamics(small, clip.labels["pose"][:4])
    found = load_file(parts / "latents" / f"{clip.name}.safetensors")["dynamics"][:4]
    torch.testing.assert_close(found, expected.detach(), atol=0.02, rtol=0.02)


def test_a_mirror_turns_heads_and_eyes_to_the_other_side(parts: Path) -> None:
    film = make_film(parts / "film", frames=40)
    assert _extract(film, parts, "--mirror") == 0
    latents = Latents.load(parts / "latents")
    assert len(latents.split("train")) == 4
    listing = json.loads((parts / "latents" / "latents.json").read_text())
    assert listing["statistics"]["people"] == {"train": 2, "test": 1}
    means = listing["statistics"]["values"]
    sided = [means["pose"]["mean"][place] for place in (0, 2, 3)] + [means["gaze"]["mean"][0]]
    assert sided == pytest.approx([0.0] * 4, abs=1e-4)
    clip, renderer = clips_of(film, "train")[0], checkpoint.load(parts / "renderer")
    name = parts / "latents" / clip.name
    one, other = load_file(f"{name}.safetensors"), load_file(f"{name}m.safetensors")
    for label, even in (("pose", (1, 4, 5)), ("gaze", (1,))):
        signs = -torch.ones(one[label].shape[-1])
        signs[list(even)] = 1
        torch.testing.assert_close(other[label], one[label] * signs)
    for label in ("features", "emotion", "lip_opening"):
        torch.testing.assert_close(other[label], one[label])
    expected = renderer.dynamics(clip.frames(slice(0, 4)).flip(-1).float() / 255, other["pose"][:4])
    torch.testing.assert_close(other["dynamics"][:4], expected.detach(), atol=0.02, rtol=0.02)


def test_directed_clips_are_marked(parts: Path) -> None:
    film = make_film(parts / "film")
    clip = clips_of(film, "train")[0]
    revise(shard_of(film), {f"{clip.name}.json": json.dumps(clip.facts | {"directed": True}).encode()})
    assert _extract(film, parts) == 0
    tracks = Latents.load(parts / "latents").split("train")
    assert [bool(track.directed.all()) for track in tracks] == [True, False]
    assert [bool(track.directed.any()) for track in tracks] == [True, False]


def test_dynamics_can_come_from_labels(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = make_film(parts / "film", frames=40)
    assert _extract(film, parts, "--labelled") == 2
    assert "extract without --labelled" in capsys.readouterr().err
    assert not (parts / "latents").exists()
    renderer, config = checkpoint.load(parts / "renderer"), checkpoint.config_of(parts / "renderer")
    clip = clips_of(film, "train")[0]
    labels = expression(clip.labels)
    renderer.meaning = Meaning.of(torch.ones(labels.shape[1]), dynamics=renderer.space.dynamics)
    checkpoint.save(parts / "renderer", renderer, {**config, "meaning": renderer.meaning.config()})
    assert _extract(film, parts, "--labelled", "--mirror") == 0
    found = load_file(parts / "latents" / f"{clip.name}.safetensors")
    torch.testing.assert_close(found["dynamics"], renderer.meaning.dynamics_of(labels))
    turned = Mirrored(clip, facts_of(film)["expression_names"]).labels
    found = load_file(parts / "latents" / f"{clip.name}m.safetensors")
    torch.testing.assert_close(found["dynamics"], renderer.meaning.dynamics_of(expression(turned)))
    assert _extract(film, parts) == 2
    assert "begun with another renderer" in capsys.readouterr().err


def test_other_voices_say_the_same_over_the_same_face(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = make_film(parts / "film")
    assert _extract(film, parts, "--voices", "3") == 0
    latents = Latents.load(parts / "latents")
    assert [len(latents.split(name)) for name in ("train", "test")] == [6, 1]  # what is measured stays as it is
    clip = clips_of(film, "train")[0]
    own, other, third = (load_file(parts / "latents" / f"{clip.name}{end}.safetensors") for end in ("", "v1", "v2"))
    assert all(own[name].equal(other[name]) for name in own if name != "features")
    assert not own["features"].equal(other["features"])
    assert not third["features"].equal(other["features"])
    assert Revoiced(clip, 1).speech().equal(Revoiced(clip, 1).speech())
    assert _extract(film, parts, "--voices", "0") == 2
    assert "--voices is 1 or more" in capsys.readouterr().err


def test_a_mirror_changes_the_sides_of_what_has_one() -> None:
    assert partners(["mouthLeft", "jawOpen", "mouthRight"]) == [2, 1, 0]
    assert partners(["RRbrowUp", "RbrowUp", "LbrowUp", "LLbrowUp", "Rjaw", "Lipless"]) == [3, 2, 1, 0, 4, 5]


def test_a_clip_can_have_one_main_gaze(parts: Path) -> None:
    film = make_film(parts / "film")
    assert _extract(film, parts) == 0
    track = Latents.load(parts / "latents", main_gaze=True).split("train")[0]
    assert torch.equal(track.gaze, track.gaze[:1].expand_as(track.gaze))
    assert not torch.equal(Latents.load(parts / "latents").split("train")[0].gaze, track.gaze)


@pytest.mark.parametrize("fact", [{"kind": "expression"}, {"wide": True}], ids=["expressions", "far turns"])
def test_clips_that_teach_renderers_alone_are_left_out(parts: Path, fact: dict[str, object]) -> None:
    film = make_film(parts / "film")
    facts = clips_in(film)[0].facts | fact
    revise(shard_of(film), {"000000.json": json.dumps(facts).encode()})
    assert _extract(film, parts) == 0
    assert not (parts / "latents" / "000000.safetensors").exists()


def test_a_folder_without_a_film_is_refused(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _extract(parts, parts) == 2
    assert "holds no film" in capsys.readouterr().err
    assert not (parts / "latents").exists()


def test_vasas_own_generator_learns_liveportraits_space(tmp_path: Path) -> None:
    torch.manual_seed(0)
    film, latents, encoder = make_film(tmp_path / "film", frames=24), tmp_path / "latents", leaf("audio", "tiny")
    checkpoint.save(tmp_path / "renderer", filled(small_config()), small_config())
    checkpoint.save(tmp_path / "audio", instantiate(encoder), encoder)
    assert _extract(film, tmp_path, "--window", "10") == 0
    words = ["motion=liveportrait", "motion.net.width=32", "motion.net.layers=1", "motion.net.feedforward=64"]
    words += ["motion.net.window=10", "motion.sampler.steps=2", f"data.folder={latents}"]
    words += [f"output={tmp_path / 'motion'}", "steps=2", "batch_size=2", "threads=1"]
    run([*words, "trainer.accelerator=cpu", "trainer.val_check_interval=2", "+trainer.enable_progress_bar=false"])
    places = {"renderer": latents / "renderer", "motion": tmp_path / "motion", "audio": tmp_path / "audio"}
    parts = {part: checkpoint.load(place) for part, place in places.items()}
    renderer, generator = parts["renderer"], parts["motion"]
    assert isinstance(renderer, LivePortraitRenderer)
    assert isinstance(generator, DiffusionMotion)
    assert (generator.space.name, generator.space.dynamics) == ("liveportrait", 63)
    frames = clips_of(film, "train")[0].frames(slice(0, 5)) / 255
    frames = nn.functional.interpolate(frames, (64, 64), mode="bilinear", antialias=True)
    stored = Latents.load(latents).split("train")[0].motion[None, :5]  # as it sees its own head; labels are far off
    torch.testing.assert_close(stored, generator.space.pack(renderer.motion_of(frames[None])), rtol=0, atol=0.3)
    spoken = Pipeline(**parts, detector=WholePicture())(frames[0], (torch.rand(640 * 3) - 0.5, 16_000))
    assert spoken.pixels.shape == (3, 3, 64, 64)
