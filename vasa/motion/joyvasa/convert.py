"""JoyVASA's published weights as two parts of vasa: the motion generator and the audio encoder it hears through.

`vasa fetch joyvasa` writes them as checkpoints.

JoyVASA (https://huggingface.co/jdh-algo/JoyVASA) is published under the MIT licence, which what is made here keeps. The
audio encoder's weights began as TencentGameMate/chinese-hubert-base and were trained further.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from vasa.config import instantiate, leaf
from vasa.motion.joyvasa import files, keys, tables, template

LEAVES = {"motion": "joyvasa", "audio": "hubert"}  # of conf/


def parts_from(folder: Path) -> Mapping[str, nn.Module]:
    """The `motion` generator and the `audio` encoder with the published weights.

    Raises ValueError where a file is not there, is damaged or is not the published one.
    """
    generator, statistics = files.find(folder, files.GENERATOR), files.find(folder, files.TEMPLATE)
    means = template.statistics(files.read_template(statistics), statistics)
    stored = keys.present_names(files.read_generator(generator))
    motion, audio = (instantiate(leaf(part, name)) for part, name in LEAVES.items())
    tables.check(stored, motion.net, motion.schedule, generator)
    weights = {name: value for name, value in stored.items() if name not in tables.TABLES}
    keys.check(weights, motion.net, audio, generator)
    motion.template.load_state_dict(means)
    motion.net.load_state_dict(keys.network_weights(weights, motion.net))
    audio.load_state_dict(keys.encoder_weights(weights))
    return {"motion": motion.eval(), "audio": audio.eval()}
