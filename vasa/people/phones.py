"""The sounds of speech: one small inventory (ARPAbet without stress, and silence) that every voice is mapped to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIL = "SIL"
PHONES: tuple[str, ...] = (
    SIL, "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH",
    "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
PHONE_INDEX: dict[str, int] = {symbol: index for index, symbol in enumerate(PHONES)}

# Nearest ARPAbet sounds of IPA letters, for English and its neighbours; longer keys win over shorter ones.
_IPA: dict[str, str] = {
    "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "ɔø": "OY", "aɪə": "AY AH", "aɪɚ": "AY ER",
    "aj": "AY", "ej": "EY", "oj": "OY", "aw": "AW", "ow": "OW", "ai": "AY", "au": "AW", "ei": "EY", "ou": "OW",
    "tʃ": "CH", "dʒ": "JH", "ts": "T S", "dz": "D Z", "pf": "P F", "tɕ": "CH", "dʑ": "JH", "tʂ": "CH", "dʐ": "JH",
    "a": "AA", "ɑ": "AA", "ɒ": "AA", "æ": "AE", "ɐ": "AH", "ʌ": "AH", "ə": "AH", "ɘ": "AH", "ɤ": "AH", "ɔ": "AO",
    "e": "EY", "ɛ": "EH", "œ": "ER", "ø": "UH", "ɜ": "ER", "ɝ": "ER", "ɚ": "ER", "ɞ": "ER", "i": "IY", "ɪ": "IH",
    "ɨ": "IH", "ᵻ": "IH", "y": "UW", "ʏ": "UH", "o": "OW", "ʊ": "UH", "ɵ": "UH", "u": "UW", "ʉ": "UW", "ɯ": "UH",
    "p": "P", "b": "B", "ɓ": "B", "t": "T", "d": "D", "ʈ": "T", "ɖ": "D", "ɗ": "D", "k": "K", "g": "G", "ɡ": "G",
    "q": "K", "c": "K", "ɟ": "JH", "ɠ": "G", "ʔ": "T", "m": "M", "ɱ": "M", "n": "N", "ɲ": "N", "ɳ": "N", "ŋ": "NG",
    "ɴ": "NG", "f": "F", "ɸ": "F", "v": "V", "β": "V", "ʋ": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH",
    "ʒ": "ZH", "ɕ": "SH", "ʑ": "ZH", "ʂ": "SH", "ʐ": "ZH", "ç": "HH", "ʝ": "Y", "x": "HH", "ɣ": "G", "χ": "HH",
    "ʁ": "R", "ʀ": "R", "h": "HH", "ɦ": "HH", "ħ": "HH", "r": "R", "ɹ": "R", "ɻ": "R", "ɾ": "D", "ɽ": "R", "l": "L",
    "ɫ": "L", "ɭ": "L", "ʎ": "L", "ɬ": "L", "ɮ": "L", "w": "W", "ʍ": "W", "ɥ": "W", "ɰ": "W", "j": "Y",
}  # fmt: skip
_FESTIVAL = {"PAU": SIL, "SSIL": SIL, "AX": "AH", "AXR": "ER", "EL": "L", "EM": "M", "EN": "N", "IX": "IH", "HV": "HH"}


@dataclass(frozen=True)
class Phone:
    """One sound of an utterance: a symbol of `PHONES` and the time it takes, in seconds."""

    symbol: str
    start_s: float
    end_s: float


def from_ipa(text: str) -> tuple[str, ...]:
    """The nearest sounds of `PHONES` for a piece of IPA; marks of length, stress and tone are ignored.

    An empty piece, which is how espeak-ng writes a pause, is silence.
    """
    found: list[str] = []
    at = 0
    while at < len(text):
        size = next((n for n in (3, 2, 1) if text[at : at + n] in _IPA), 0)
        found += _IPA.get(text[at : at + size], "").split()
        at += max(size, 1)
    return tuple(found) if found or text.strip() else (SIL,)


def from_arpabet(symbol: str) -> str:
    """The symbol of `PHONES` for a CMU or festival name: upper case, no stress digit, reduced vowels unreduced.

    Raises ValueError for a name that is none.
    """
    plain = symbol.strip().rstrip("0123456789").upper()
    plain = _FESTIVAL.get(plain, plain)
    if plain not in PHONE_INDEX:
        raise ValueError(f"{symbol!r} is no ARPAbet phone; known are {', '.join(PHONES)}.")
    return plain


def tile(phones: Sequence[Phone], duration_s: float) -> tuple[Phone, ...]:
    """Phones that cover 0 to `duration_s` without a gap: holes become silence, equal silences join."""
    tiled: list[Phone] = []
    for phone in [*phones, Phone(SIL, duration_s, duration_s)]:
        start, end = (tiled[-1].end_s if tiled else 0.0), min(phone.end_s, duration_s)
        begin = start if phone.start_s < start + 0.001 else min(phone.start_s, duration_s)
        for piece in (Phone(SIL, start, begin), Phone(phone.symbol, begin, end)):
            if piece.end_s <= piece.start_s:
                continue
            joins = bool(tiled) and piece.symbol == SIL == tiled[-1].symbol
            begun = tiled.pop().start_s if joins else piece.start_s
            tiled.append(Phone(piece.symbol, begun, piece.end_s))
    return tuple(tiled)


def phone_track(phones: Sequence[Phone], times_s: np.ndarray) -> np.ndarray:
    """Which phone sounds at each time: indices into `PHONES`, int16, shaped as `times_s`; silence past the end."""
    ends = np.array([phone.end_s for phone in phones])
    symbols = np.array([*(PHONE_INDEX[phone.symbol] for phone in phones), PHONE_INDEX[SIL]], dtype=np.int16)
    return symbols[np.searchsorted(ends, times_s, side="right")]
