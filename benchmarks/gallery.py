"""Makes the gallery: voices, then every clip by the command that docs/gallery/README.md shows for it.

    python -m benchmarks.gallery [--model NAME] [--free FOLDER] [--only CLIP ...] [-o docs/gallery]
    python -m benchmarks.gallery --readme

espeak-ng speaks. FOLDER holds the pictures and the recording that are free, but not ours, and that some clips need;
without it these are left out. Clips above 310 kB are encoded again, smaller. --readme writes the list of all commands
and makes no clip.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
import soundfile
from PIL import ExifTags, Image, ImageOps

from vasa.clock import CLOCK
from vasa.media.video import SYNTHETIC
from vasa.shipped import DEFAULT

GALLERY = Path(__file__).parent.parent / "docs" / "gallery"
MOST_BYTES, SMALLER = 310_000, {"crf": "28", "preset": "slow", "bf": "0"}
LOOP, LOOP_EVERY, LOOP_S, LOOP_PX = "talk.webp", 2, 4.0, 216  # an animated picture: every second frame of so long
LOOPED = ("photograph", "cartoon", "painting", "english")  # clips in it, side by side
Command = Callable[[list[str], Path], object]  # runs these words in this folder

HELLO = "Hello. I am nobody: this face was never born, and this voice was never spoken."
NEWS = "The people in the room began to move, and both of them spoke about the same small problem."
VOICES = {
    "english": ("en-us", HELLO),
    "british": ("en-gb-x-rp+f3", NEWS),
    "german": ("de+f2", "Guten Morgen. Wir möchten heute über das Wetter und über die Berge sprechen."),
    "french": ("fr-fr+m3", "Bonjour. Nous parlons aujourd'hui du beau temps et de la mer."),
    "spanish": ("es+f4", "Buenos días. Hoy hablamos del tiempo, del mar y de las montañas."),
    "mandarin": ("cmn-latn-pinyin+m1", "ni3 hao3. jin1 tian1 wo3 men5 shuo1 shuo1 tian1 qi4 he2 da4 hai3."),
    "long": (
        "en-us+m2",
        f"{NEWS} {HELLO} Nothing in it was filmed. {NEWS} It goes on for as long as it likes. {HELLO}",
    ),
}
SILENCE_S, RATE = 5.0, 16_000


@dataclass(frozen=True)
class Clip:
    """One clip: its portrait and sound, in the gallery's folder or among the free files, options, and what to see."""

    name: str
    portrait: str
    sound: str
    about: str
    options: tuple[str, ...] = ()

    def words(self, model: str | None = None) -> list[str]:
        """The command, in the gallery's folder."""
        named = [] if model is None else ["--model", model]
        return ["animate", self.portrait, self.sound, "-o", f"{self.name}.mp4", *self.options, *named]

    @property
    def needs(self) -> list[str]:
        """Its files that are free, but not in the repository."""
        return [name for name in (self.portrait, self.sound) if name.startswith("free/")]


CLIPS = (
    Clip("photograph", "free/woman.png", "free/LJ001-0001.flac", "a generated photograph and a recorded voice"),
    Clip("waist", "free/teacher.png", "voices/british.wav", "a picture from the waist up"),
    Clip("man", "free/man.png", "voices/english.wav", "another, happy", ("--emotion", "happiness")),
    Clip("cartoon", "free/cartoon.png", "voices/spanish.wav", "a drawn girl, Spanish"),
    Clip("drawn", "free/drawn.png", "voices/english.wav", "a drawn woman"),
    Clip("painting", "free/monalisa.jpg", "voices/british.wav", "a painting"),
    Clip("aside", "free/girl.jpg", "voices/english.wav", "a portrait that looks aside"),
    Clip("english", "people/ada.jpg", "voices/english.wav", "a virtual person"),
    Clip("german", "people/cleo.jpg", "voices/german.wav", "German"),
    Clip("french", "people/dan.jpg", "voices/french.wav", "French"),
    Clip("mandarin", "people/finn.jpg", "voices/mandarin.wav", "Mandarin"),
    Clip("happy", "people/eve.jpg", "voices/english.wav", "happiness", ("--emotion", "happiness")),
    Clip("sad", "people/eve.jpg", "voices/english.wav", "sadness", ("--emotion", "sadness")),
    Clip("angry", "people/eve.jpg", "voices/english.wav", "anger", ("--emotion", "anger")),
    Clip("surprised", "people/eve.jpg", "voices/english.wav", "surprise", ("--emotion", "surprise")),
    Clip(
        "gaze", "people/cleo.jpg", "voices/british.wav", "a gaze from one side to the other",
        ("--gaze", "-20", "0", "--gaze-to", "20", "0"),
    ),
    Clip(
        "distance", "people/dan.jpg", "voices/english.wav", "the head goes away",
        ("--distance", "0.85", "--distance-to", "1.2"),
    ),
    Clip("turned", "people/ben.jpg", "voices/british.wav", "the head is turned", ("--pose", "15", "0", "0")),
    Clip("long", "people/ben.jpg", "voices/long.wav", "long speech, the face alone", ("--no-paste",)),
    Clip("silence", "people/finn.jpg", "voices/silence.wav", "silence"),
)  # fmt: skip

ABOUT = """# Gallery

Every clip is made by the command beside it, in this folder; `python -m benchmarks.gallery --model NAME --free FOLDER`
makes them all. The people do not exist: `people/` holds pictures of virtual people that were in no training. Voices are
espeak-ng's, by the commands below; `silence.wav` is five seconds of zeros. FOLDER has what is free but not in this
repository: `woman.png`, `teacher.png`, `man.png`, `cartoon.png` and `drawn.png`, which image generators made (of
repositories under Apache-2.0), `monalisa.jpg` and `girl.jpg`, any copies of Leonardo's painting and of Vermeer's Girl
with a Pearl Earring, and `LJ001-0001.flac`, the first sentence of LJ Speech (all three public domain). Some of these
faces may have been among the 22 portraits on virtual heads that the renderer learned from. Clips above 310 kB were
encoded again at x264's rate factor 28; `vasa verify` still finds the mark.

![Lips over the sound](speech.png)

Lips of `small` over recorded sentences that nothing was trained on, read off the frames by MediaPipe
(`vasa evaluate FILM --speaking --recordings LJSPEECH --judge FILE`).

| clip | what to see | command |
| --- | --- | --- |
"""


def readme() -> str:
    """The list of all clips with their commands, and of the voices."""
    rows = [f"| [{c.name}]({c.name}.mp4) | {c.about} | `{shlex.join(['vasa', *c.words()])}` |" for c in CLIPS]
    voices = [shlex.join(speaking(name)) for name in VOICES]
    return "\n".join([f"{ABOUT}{rows[0]}", *rows[1:], "", "```bash", *voices, "```", ""])


def speaking(voice: str) -> list[str]:
    """The command that makes a voice speak."""
    who, text = VOICES[voice]
    return ["espeak-ng", "-v", who, "-s", "150", "-w", f"voices/{voice}.wav", text]


def make(
    clips: Sequence[Clip], folder: Path, free: Path | None, model: str, command: Command, speak: Command
) -> list[Path]:  # fmt: skip
    """Make voices and clips in a folder; those whose free files are not at hand are left out."""
    (folder / "voices").mkdir(exist_ok=True)
    soundfile.write(folder / "voices" / "silence.wav", np.zeros(round(SILENCE_S * RATE)), RATE)
    for voice in VOICES:
        speak(speaking(voice), folder)
    made = []
    for clip in clips:
        if at_hand(clip, folder, free):
            command(clip.words(model), folder)
            made.append(smaller(folder / f"{clip.name}.mp4"))
    return made


def at_hand(clip: Clip, folder: Path, free: Path | None) -> bool:
    """Whether the free files of a clip are where its command wants them, fetched from the folder of free ones."""
    missing = [folder / name for name in clip.needs if not (folder / name).is_file()]
    if missing and (free is None or not all((free / place.name).is_file() for place in missing)):
        return False
    for place in missing:
        place.parent.mkdir(exist_ok=True)
        shutil.copy(Path(free or ".") / place.name, place)
    return True


def smaller(path: Path) -> Path:
    """The same clip, encoded again where it is large."""
    if path.stat().st_size > MOST_BYTES:
        beside = path.with_name(f".{path.name}")
        with av.open(str(path)) as source, av.open(str(beside), "w", format="mp4") as target:
            target.metadata.update({name: source.metadata[name] for name in ("title", "comment")})
            _encoded(source, target)
        beside.replace(path)
    return path


def _encoded(source: av.container.InputContainer, target: av.container.OutputContainer) -> None:
    shown, heard = source.streams.video[0], source.streams.audio[0]
    picture = target.add_stream("libx264", rate=shown.average_rate, options=SMALLER)
    picture.width, picture.height, picture.pix_fmt = shown.width, shown.height, "yuv420p"
    sound = target.add_stream("aac", rate=heard.rate)
    sound.layout, sound.bit_rate = "mono", 32_000
    for frame in source.decode(shown, heard):
        if isinstance(frame, av.VideoFrame):
            target.mux(picture.encode(frame))
        elif isinstance(frame, av.AudioFrame):
            target.mux(sound.encode(frame))
    target.mux(picture.encode(None))
    target.mux(sound.encode(None))


def loop(clips: Sequence[Path], place: Path) -> None:
    """An animated picture of the beginning of clips side by side, without their sound."""
    first, *rest = [_joined(frames) for frames in zip(*(_beginning(clip) for clip in clips), strict=False)]
    told = Image.Exif()
    told[ExifTags.Base.ImageDescription] = SYNTHETIC
    shown_ms = round(1000 * LOOP_EVERY / CLOCK.frame_rate)
    first.save(place, save_all=True, append_images=rest, duration=shown_ms, loop=0, quality=75, method=6, exif=told)


def _beginning(clip: Path) -> list[Image.Image]:
    """Frames of the first seconds, as squares."""
    with av.open(str(clip)) as source:
        frames = [frame.to_image() for frame in islice(source.decode(video=0), round(LOOP_S * CLOCK.frame_rate))]
    return [ImageOps.fit(frame, (LOOP_PX, LOOP_PX), centering=(0.5, 0.2)) for frame in frames[::LOOP_EVERY]]


def _joined(frames: Sequence[Image.Image]) -> Image.Image:
    """Squares beside each other."""
    whole = Image.new("RGB", (LOOP_PX * len(frames), LOOP_PX))
    for number, frame in enumerate(frames):
        whole.paste(frame, (number * LOOP_PX, 0))
    return whole


def sheet(clips: Sequence[Path], place: Path, *, columns: int = 6, side: int = 128) -> None:
    """A few frames of every clip, a row each, to look at."""
    whole = Image.new("RGB", (columns * side, len(clips) * side))
    for row, clip in enumerate(clips):
        with av.open(str(clip)) as source:
            frames = [frame.to_image() for frame in source.decode(video=0)]
        for column, number in enumerate(np.linspace(0, len(frames) - 1, columns).astype(int)):
            whole.paste(frames[number].resize((side, side)), (column * side, row * side))
    whole.save(place)


def _vasa(words: list[str], folder: Path) -> None:
    """In a process of its own, so that memory is given back."""
    code = "import sys; from vasa.cli import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", code, *words], check=True, cwd=folder)


def _speak(words: list[str], folder: Path) -> None:
    subprocess.run(words, check=True, cwd=folder)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default=DEFAULT)
    options.add_argument("--free", type=Path, help="folder of the free pictures and the recording")
    options.add_argument("--only", nargs="+", metavar="CLIP", choices=[clip.name for clip in CLIPS])
    options.add_argument("--sheet", type=Path, help="also write a sheet of all clips here, to look at")
    options.add_argument("--readme", action="store_true", help="write README.md and make no clip")
    options.add_argument("-o", "--output", type=Path, default=GALLERY)
    asked = options.parse_args()
    if asked.readme:
        (asked.output / "README.md").write_text(readme())
        return
    chosen = [clip for clip in CLIPS if not asked.only or clip.name in asked.only]
    paths = [None if path is None else path.absolute() for path in (asked.free, asked.sheet)]
    made = make(chosen, asked.output.absolute(), paths[0], asked.model, _vasa, _speak)
    looped = [clip for name in LOOPED for clip in made if clip.stem == name]
    if len(looped) == len(LOOPED):
        loop(looped, asked.output / LOOP)
    if paths[1] is not None:
        sheet(made, paths[1])


if __name__ == "__main__":
    main()
