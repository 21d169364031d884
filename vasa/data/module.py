"""Lightning's view of a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from vasa.data.film import FilmPairs
from vasa.data.reading import EvenFrames, FilmFaces


class Counting(Sampler[int]):
    """first, first + by, first + 2 by, ... without end."""

    def __init__(self, first: int, by: int = 1) -> None:
        self.first, self.by = first, by

    def __iter__(self) -> Iterator[int]:
        number = self.first
        while True:
            yield number
            number += self.by


class Endless(LightningDataModule):
    """Batches of samples without end, and a test set; a resumed run goes on where it stopped.

    train: sample n depends on (its seed, n) alone. Processes of one run see samples of their own; Lightning's
    distributed sampler, which looks for an end, has to be off (`use_distributed_sampler: false`).
    """

    def __init__(
        self, train: Dataset[dict[str, Tensor]], test: Dataset[dict[str, Tensor]], *, batch_size: int, workers: int
    ) -> None:
        super().__init__()
        self.train, self.test, self.batch_size, self.workers = train, test, batch_size, workers

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        return DataLoader(
            self.train, self.batch_size, sampler=self._numbers(), num_workers=self.workers,
            pin_memory=torch.cuda.is_available(), persistent_workers=self.workers > 0,
        )  # fmt: skip

    def _numbers(self) -> Counting:
        if self.trainer is None:
            return Counting(0)
        processes, parts = self.trainer.world_size, self.trainer.accumulate_grad_batches
        seen = self.trainer.global_step * parts * self.batch_size * processes
        return Counting(seen + self.trainer.global_rank, by=processes)

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
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
