"""JoyVASA (Cao et al., 2024): the voice of jdh-algo/JoyVASA, for renderers with LivePortrait's motion space."""

from __future__ import annotations

from pathlib import Path

from vasa.config import leaf
from vasa.motion.joyvasa import files
from vasa.motion.joyvasa.convert import LEAVES, parts_from
from vasa.published.originals import Made, Originals

ORIGINALS = Originals(
    title="JoyVASA", licence="MIT", parts=("motion", "audio"), hub=files.REPOSITORY, megabytes=415,
    files=(files.GENERATOR, files.TEMPLATE),
)  # fmt: skip
RULES = "vasa.render.liveportrait.transfer"
JOINTS = {  # lips as they are made, the rest as it changes, key points a tenth further: as published
    "voice_transfer": {
        "_target_": f"{RULES}.Amplified",
        "factor": 1.1,
        "transfer": {"_target_": f"{RULES}.Relative.spoken", "region": "all"},
    }
}


def made_from(folder: Path) -> Made:
    """The motion generator and the audio encoder from the two published files; raises ValueError."""
    return Made(parts_from(folder), {part: leaf(part, name) for part, name in LEAVES.items()} | JOINTS)
