"""Lightning's view of a film."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler, Subset, TensorDataset

from vasa.data.film import FilmPairs
from vasa.data.reading import EvenFrames, FilmFaces
from vasa.data.speech import SpeechPieces


class Counting(Sampler[int]):
    """`block` numbers in a row from `first` on, then those from `first + by` on, and so on without end."""

    def __init__(self, first: int, *, block: int = 1, by: int = 1) -> None:
        self.first, self.block, self.by = first, block, by

    def __iter__(self) -> Iterator[int]:
        for start in itertools.count(self.first, self.by):
            yield from range(start, start + self.block)


class Endless(LightningDataModule):
    """Batches of samples without end, and a test set; a resumed run goes on where it stopped.

    train: sample n depends on (its seed, n) alone. batch_size: samples in a batch, None where each is one. Processes of
    one run take batches in turn; Lightning's distributed sampler, which looks for an end, has to be off
    (`use_distributed_sampler: false`).
    """

    def __init__(
        self, train: Dataset[Any], test: Dataset[Any], *, batch_size: int | None, workers: int
    ) -> None:  # fmt: skip
        super().__init__()
        self.train, self.test, self.batch_size, self.workers = train, test, batch_size, workers

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(
            self.train, self.batch_size, sampler=self._numbers(), num_workers=self.workers,
            pin_memory=torch.cuda.is_available(), persistent_workers=self.workers > 0,
        )  # fmt: skip

    def _numbers(self) -> Counting:
        block = self.batch_size or 1
        if self.trainer is None:
            return Counting(0, block=block, by=block)
        every = block * self.trainer.world_size
        seen = self.trainer.global_step * self.trainer.accumulate_grad_batches * every
        return Counting(seen + self.trainer.global_rank * block, block=block, by=every)

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.test, self.batch_size)


class FilmData(Endless):
    """Sources and drivers of films: batches of `batch_size` sources, `drivers` frames each, and `readings` more.

    folder, size, behind: see `vasa.data.film.FilmPairs`.
    """

    train: FilmPairs

    def __init__(
        self, folder: str | Sequence[str], *, batch_size: int, drivers: int, seed: int, held_out: int,
        readings: int = 0, size: int | None = None, workers: int = 0, behind: bool = False,
    ) -> None:  # fmt: skip
        train = FilmPairs(
            folder, split="train", drivers=drivers, readings=readings, size=size, seed=seed, behind=behind
        )
        test = FilmPairs(folder, split="test", drivers=max(drivers, 2), size=size, seed=1, behind=behind)
        super().__init__(train, Subset(test, range(held_out)), batch_size=batch_size, workers=workers)


class FaceData(Endless):
    """Single frames of films in batches, and `held_out` frames of people nobody is trained on.

    folder, people, size: see `vasa.data.reading.FilmFaces`.
    """

    train: FilmFaces

    def __init__(
        self, folder: str | Sequence[str], *, batch_size: int, people: str, seed: int, held_out: int,
        size: int | None = None, workers: int = 0,
    ) -> None:  # fmt: skip
        train = FilmFaces(folder, split="train", people=people, size=size, seed=seed)
        test = EvenFrames(FilmFaces(folder, split="test", size=size), held_out)
        super().__init__(train, test, batch_size=batch_size, workers=workers)


class SpeechData(Endless):
    """Pieces of speech, a batch each; what an encoder is scored on is held by its training.

    See `vasa.data.speech.SpeechPieces` for the rest.
    """

    train: SpeechPieces

    def __init__(self, *, workers: int = 1, **pieces: Any) -> None:
        super().__init__(SpeechPieces(**pieces), TensorDataset(torch.zeros(1)), batch_size=None, workers=workers)
