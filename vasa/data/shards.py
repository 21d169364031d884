"""Shards: plain tar files of samples, read at random and streamed alike.

Names follow the rule of WebDataset (https://github.com/webdataset/webdataset): the members of a sample stand together
and share what comes before the first dot of their names, as `000017.json` and `000017.0003.jpg` do. Here a number after
that dot counts the members of a track. 000000.json beside 000000.tar says where members lie; where it is missing or of
another tar, the tar itself is asked.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

_NAME = re.compile(r"([^.]+)\.(?:\d{4,}\.)?(.+)")  # key, a number or none, kind
_PARTIAL = re.compile(r"\..+\.(tar|json)\.\d+")  # as `beside` names them, by its process
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_CHUNK = 1 << 22  # bytes copied at once
Places = dict[str, dict[str, list[list[int]]]]  # by key and kind: offset and length of each member, in bytes


@dataclass(frozen=True)
class Sample:
    """Where the members of one sample lie; any process or thread may read them."""

    shard: Path
    key: str
    tracks: Mapping[str, np.ndarray]  # by kind: [n, 2] int64, offset and length in bytes

    def read(self, kind: str, rows: np.ndarray | slice = slice(None)) -> list[bytes]:
        """Members of one track; raises ValueError where the sample has no such track."""
        if kind not in self.tracks:
            raise ValueError(f"{self.key} in {self.shard} has no {kind}; it has {', '.join(sorted(self.tracks))}.")
        found = []
        with self.shard.open("rb", buffering=0) as file:
            for offset, length in self.tracks[kind][rows].tolist():
                file.seek(offset)
                found.append(file.read(length))
        return found


def samples(folder: Path) -> list[Sample]:
    """Every sample of the shards in a folder, in order; raises ValueError where a shard is damaged."""
    return [sample for shard in sorted(folder.glob("*.tar")) for sample in samples_in(shard)]


def samples_in(shard: Path) -> list[Sample]:
    """Every sample of a shard, in order; raises ValueError where it is damaged."""
    return [
        Sample(shard, key, {kind: np.array(places, np.int64) for kind, places in tracks.items()})
        for key, tracks in places_in(shard).items()
    ]


def places_in(shard: Path) -> Places:
    """Where everything in a shard lies; empty where there is no such shard. Raises ValueError for a damaged one."""
    if not shard.exists():
        return {}
    index = _index(shard)
    if index.exists():
        kept = json.loads(index.read_text())
        if kept["bytes"] == shard.stat().st_size:
            places: Places = kept["places"]
            return places
    return _scan(shard)


def pack(key: str, members: Mapping[str, bytes]) -> bytes:
    """One sample as a piece of a tar, `members` by the rest of their names; what is equal gives equal bytes."""
    return b"".join(_member(f"{key}.{rest}", data) for rest, data in members.items())


def numbered(kind: str, members: Iterable[bytes]) -> dict[str, bytes]:
    """A track's members by the rest of their names, for `pack`."""
    return {f"{number:04d}.{kind}": data for number, data in enumerate(members)}


def append(shard: Path, pieces: Iterable[bytes]) -> None:
    """Add packed samples to a shard, new or not; raises ValueError where it cannot be written."""
    held = [place for tracks in places_in(shard).values() for track in tracks.values() for place in track]
    end = max((offset + length + -length % _BLOCK for offset, length in held), default=0)
    with _remade(shard) as file:
        if end:
            with shard.open("rb") as old:
                for start in range(0, end, _CHUNK):
                    file.write(old.read(min(_CHUNK, end - start)))
        for piece in pieces:
            file.write(piece)


def revise(shard: Path, changes: Mapping[str, bytes]) -> None:
    """Write a shard again with other contents of the members that are named; raises ValueError where it cannot be.

    Members move, so samples that were listed before must be listed anew.
    """
    with _remade(shard) as file, tarfile.open(shard, "r:") as tar:
        for member in tar:
            old = tar.extractfile(member)
            assert old is not None
            file.write(_member(member.name, changes[member.name] if member.name in changes else old.read()))


@contextmanager
def beside(path: Path) -> Iterator[BinaryIO]:
    """A file to write that is moved to its place when it is whole, so that no half file is ever found there.

    Raises ValueError where it cannot be written, as on a full disk.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise ValueError(
            f"{path.name} cannot be written to {path.parent} ({error}); "
            "make room there, then run the same command again: it goes on where it stopped."
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what processes that were killed left of files they were writing."""
    for partial in folder.rglob(".*"):
        if _PARTIAL.fullmatch(partial.name) and not _runs(int(partial.suffix[1:])):
            partial.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True


@contextmanager
def _remade(shard: Path) -> Iterator[BinaryIO]:
    """A shard to write without its end, and its index after it."""
    with beside(shard) as file:
        yield file
        file.write(_END)
        _index(shard).unlink(missing_ok=True)  # the tar itself is asked until there is a new one
    with beside(_index(shard)) as index:
        index.write(json.dumps({"bytes": shard.stat().st_size, "places": _scan(shard)}).encode())


def _index(shard: Path) -> Path:
    return shard.with_suffix(".json")


def _member(name: str, data: bytes) -> bytes:
    """A header without owner or time, the data, and zeros up to a whole block."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    return header.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % _BLOCK)


def _scan(shard: Path) -> Places:
    """Ask the tar itself; raises ValueError where its end is missing."""
    places: Places = {}
    try:
        with shard.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                found = _NAME.fullmatch(member.name)
                if found:
                    track = places.setdefault(found[1], {}).setdefault(found[2], [])
                    track.append([member.offset_data, member.size])
            file.seek(tar.offset)
            whole = file.read(len(_END)) == _END
    except tarfile.ReadError:
        whole = False
    if not whole:
        raise ValueError(f"{shard} is cut short; delete it and film again.")
    return places
