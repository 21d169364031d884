"""Shards: what is put in comes out, at random and streamed, and a damaged one is named."""

from __future__ import annotations

import os
import tarfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from vasa.data.shards import append, beside, numbered, pack, places_in, revise, samples, sweep


def _members(number: int) -> dict[str, bytes]:
    """A note, and a track whose members have many lengths, none and a whole block among them."""
    lengths = (0, 1, 511, 512, 513)
    return {"json": b"{}" * number, **numbered("map.png", (bytes([number]) * length for length in lengths))}


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "000000.tar"
    append(path, [pack(f"{number:06d}", _members(number)) for number in range(3)])
    return path


def test_members_are_read_by_their_place(shard: Path) -> None:
    for number, sample in enumerate(samples(shard.parent)):
        members = list(_members(number).values())
        assert sample.read("json") == members[:1]
        assert sample.read("map.png") == members[1:]
        assert sample.read("map.png", np.array([4, 0, 4])) == [members[5], members[1], members[5]]
    with pytest.raises(ValueError, match=r"000002 in .*000000\.tar has no speech\.flac; it has json, map\.png"):
        sample.read("speech.flac")


def test_a_stream_of_the_tar_gives_whole_samples(shard: Path) -> None:
    """By WebDataset's rule: neighbours with one name before the first dot are one sample, the rest is the field."""
    found: dict[str, dict[str, bytes]] = {}
    with shard.open("rb") as file, tarfile.open(fileobj=file, mode="r|") as stream:
        for member in stream:
            key, _, field = member.name.partition(".")
            assert key not in list(found)[:-1]  # its members stand together
            data = stream.extractfile(member)
            assert data is not None
            found.setdefault(key, {})[field] = data.read()
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
    assert found == {f"{number:06d}": _members(number) for number in range(3)}


def test_samples_are_added_and_members_changed_without_touching_others(shard: Path, tmp_path: Path) -> None:
    append(shard, [pack("000003", _members(3))])
    revise(shard, {"000001.json": b"other" * 200})
    again = tmp_path / "again" / "000000.tar"
    expected = [_members(number) for number in range(4)]
    expected[1]["json"] = b"other" * 200
    append(again, [pack(f"{number:06d}", members) for number, members in enumerate(expected)])
    assert shard.read_bytes() == again.read_bytes()
    assert places_in(shard) == places_in(again)


def test_a_shard_without_its_index_or_with_another_is_read_all_the_same(shard: Path, tmp_path: Path) -> None:
    places, index = places_in(shard), shard.with_suffix(".json")
    append(tmp_path / "other" / "000000.tar", [pack("000000", _members(1))])
    index.write_bytes((tmp_path / "other" / "000000.json").read_bytes())
    assert places_in(shard) == places
    index.unlink()
    assert places_in(shard) == places


@pytest.mark.parametrize("kept", [-1500, -1024, 700, 512])
def test_a_shard_that_was_cut_short_is_named(shard: Path, kept: int) -> None:
    shard.write_bytes(shard.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"000000\.tar is cut short"):
        samples(shard.parent)


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    dead, mine = ".000001.tar.4194999", f".000002.tar.{os.getpid()}"
    (tmp_path / ".000000").mkdir()
    others = ["000003.tar", ".000000/000004.tar", ".mine.4194999"]
    for name in (dead, f".000000/{dead}", mine, *others):
        (tmp_path / name).write_bytes(b"half")
    sweep(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {mine, *others}


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with suppress(KeyboardInterrupt), beside(tmp_path / "a") as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
