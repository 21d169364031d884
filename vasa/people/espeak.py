"""The system library libespeak-ng, called directly because only its events say when each sound begins."""

from __future__ import annotations

import _ctypes
import ctypes
import ctypes.util
from dataclasses import dataclass

import numpy as np

_RETRIEVE_SOUND, _PHONEME_EVENTS, _PHONEME_IPA, _NO_EXIT = 1, 1, 2, 1 << 15
_UTF8, _AT_CHARACTER = 1, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_EVENT_END, _EVENT_PHONEME = 0, 7


class EspeakError(OSError):
    """libespeak-ng is missing or refuses to start."""


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Sounded:
    """A sound and the sample at which it begins; an empty `ipa` is a pause."""

    ipa: str
    sample: int


@dataclass(frozen=True)
class Spoken:
    """What the synthesizer said."""

    samples: np.ndarray  # [S] float32 in [-1, 1]
    sample_rate: int
    events: tuple[Sounded, ...]


def available() -> bool:
    """Whether this machine has the library."""
    try:
        _ctypes.dlclose(_open()._handle)
    except EspeakError:
        return False
    return True


def speak(text: str, *, voice: str, words_per_minute: int, pitch: int, pitch_range: int, seed: int) -> Spoken:
    """Say a text; `pitch` and `pitch_range` run from 0 to 99, 50 is the voice's own.

    Not for threads: use processes. Raises EspeakError where the library is missing, ValueError for a voice it does
    not have.
    """
    library = _open()
    try:
        sample_rate = _start(library)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r}; `espeak-ng --voices` lists its languages.")
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range)):
            library.espeak_SetParameter(parameter, value, 0)
        ctypes.CDLL(None).srand(seed & 0x7FFFFFFF)  # breath noise comes from the C library's rand()
        return _receive(library, text.encode(), sample_rate)
    finally:
        # The library keeps phases and noise positions between sentences; unloading it makes each one start afresh.
        library.espeak_Terminate()
        _ctypes.dlclose(library._handle)


def _open() -> ctypes.CDLL:
    name = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise EspeakError(f"The voices need {name}; install espeak-ng (apt-get install espeak-ng).") from error


def _start(library: ctypes.CDLL) -> int:
    sample_rate = int(library.espeak_Initialize(_RETRIEVE_SOUND, 0, None, _PHONEME_EVENTS | _PHONEME_IPA | _NO_EXIT))
    if sample_rate <= 0:
        raise EspeakError("espeak-ng does not start; its data folder (espeak-ng-data) may be missing.")
    return sample_rate


def _receive(library: ctypes.CDLL, said: bytes, sample_rate: int) -> Spoken:
    pieces: list[np.ndarray] = [np.zeros(0, np.int16)]
    sounds: list[Sounded] = []

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_PHONEME:
                ipa = events[index].id.string.decode("utf-8", errors="ignore")
                sounds.append(Sounded(ipa, events[index].sample))
            index += 1
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth(said, len(said) + 1, 0, _AT_CHARACTER, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    return Spoken(np.concatenate(pieces).astype(np.float32) / 32768, sample_rate, tuple(sounds))
