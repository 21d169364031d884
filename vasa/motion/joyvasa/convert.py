"""JoyVASA's published weights as two checkpoints of vasa: the motion generator and the audio encoder it hears through.

    from vasa.motion.joyvasa.convert import convert
    convert("jdh-algo/JoyVASA", "joyvasa")  # joyvasa/motion, joyvasa/audio

JoyVASA (https://huggingface.co/jdh-algo/JoyVASA) is published under the MIT licence, which what is made here keeps. The
audio encoder's weights began as TencentGameMate/chinese-hubert-base and were trained further.
"""

from __future__ import annotations

from pathlib import Path

import torch

from vasa import checkpoint
from vasa.audio.hubert import HubertEncoder
from vasa.config import instantiate, leaf
from vasa.motion.joyvasa import files, keys, tables, template
from vasa.motion.joyvasa.generator import JoyVASAMotion


def convert(source: Path | str, folder: Path | str) -> None:
    """Write `folder`/motion and `folder`/audio from the published files in a folder or a repository of the hub.

    Raises ValueError where a file is not to be had, is damaged or is not the published one; then nothing is written.
    """
    configs = {"motion": leaf("motion", "joyvasa"), "audio": leaf("audio", "hubert")}
    with torch.device("meta"):  # described, not built: all numbers come from the files
        parts = {part: instantiate(config) for part, config in configs.items()}
    fill(**parts, source=source)
    for part, model in parts.items():
        checkpoint.save(Path(folder) / part, model, configs[part])


def fill(motion: JoyVASAMotion, audio: HubertEncoder, *, source: Path | str) -> None:
    """Give both parts the published weights; raises ValueError like `convert`."""
    generator, statistics = files.find(source, files.GENERATOR), files.find(source, files.TEMPLATE)
    means = template.statistics(files.read_template(statistics), statistics)
    stored = keys.present_names(files.read_generator(generator))
    tables.check(stored, motion.net, motion.schedule, generator)
    weights = {name: value for name, value in stored.items() if name not in tables.TABLES}
    keys.check(weights, motion.net, audio, generator)
    motion.template.load_state_dict(means, assign=True)
    motion.net.load_state_dict(keys.network_weights(weights, motion.net), assign=True)
    audio.load_state_dict(keys.encoder_weights(weights), assign=True)
