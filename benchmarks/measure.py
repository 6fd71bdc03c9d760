"""Two projects side by side: A B, B A, A B …, so that the drift of a machine takes both alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from reprlib import repr as brief
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING, Any

import worker
from projects import STOCK, Server, Unfit

if TYPE_CHECKING:
    from clocks import Sample

# A sample takes about so many seconds: short queries are run several times in a row. It is short
# itself, that an interruption spoils few of many samples and not each of few.
SAMPLE = 0.005
# Pairs of samples are taken for at least so many seconds in a round.
ENOUGH = 1.0


@dataclass
class Figure:
    """The samples of one query, pair by pair: of our project, and of theirs to compare with."""

    ours: list[Sample] = field(default_factory=list)
    theirs: list[Sample] = field(default_factory=list)

    @property
    def wall(self) -> tuple[float, float]:
        """The median seconds on the clock of both."""
        return median(sample.wall for sample in self.ours), median(sample.wall for sample in self.theirs)

    @property
    def work(self) -> tuple[float, float] | None:
        """The median seconds of processor time of both, where they are known."""
        ours = [sample.work for sample in self.ours if sample.work is not None]
        theirs = [sample.work for sample in self.theirs if sample.work is not None]
        return (median(ours), median(theirs)) if ours and theirs else None

    @property
    def spread(self) -> tuple[float, float]:
        """The middle half of the ratios of the pairs, on the clock."""
        ratios = [ours.wall / theirs.wall for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        return low, high


class Pair:
    """The two projects, each in a process of its own."""

    def __init__(self, ours: ProcessPoolExecutor, theirs: ProcessPoolExecutor) -> None:
        self.ours, self.theirs = ours, theirs

    def check(self, group: str, name: str) -> None:
        """Raise Unfit where the two do not give the same answer."""
        ours, theirs = (ask(side, worker.answer, group, name) for side in (self.ours, self.theirs))
        if ours != theirs:
            raise Unfit(f"The two projects answer {name!r} differently: {brief(ours)} and {brief(theirs)}.")

    def sample(self, figure: Figure, task: Callable, group: str, name: str, repeat: int) -> None:
        """Add pairs of samples to the figure: ``repeat`` of them, and more while there is time."""
        number = self.number(task, group, name)
        began, pairs = perf_counter(), 0
        while pairs < repeat or perf_counter() - began < ENOUGH:
            taken = {}
            for side in (self.ours, self.theirs) if pairs % 2 else (self.theirs, self.ours):
                taken[side] = ask(side, task, group, name, number)
            figure.ours.append(taken[self.ours])
            figure.theirs.append(taken[self.theirs])
            pairs += 1

    def number(self, task: Callable, group: str, name: str) -> int:
        """How many runs make a sample. Finding out warms both projects up."""
        number = 1
        while (seconds := ask(self.theirs, task, group, name, number).wall) * number < SAMPLE / 2:
            number = min(number * 10, max(number + 1, round(SAMPLE / seconds)))
        ask(self.ours, task, group, name, number)
        return number


def ask(side: ProcessPoolExecutor, task: Callable, *args: Any) -> Any:
    return side.submit(task, *args).result()


@contextmanager
def process(side: str, server: Server) -> Iterator[ProcessPoolExecutor]:
    """A fresh process that is one of the projects."""
    with ProcessPoolExecutor(1, get_context("spawn"), worker.start, (side, server)) as executor:
        yield executor


@contextmanager
def pair(ours: str, server: Server, seed: int) -> Iterator[Pair]:
    """Our project and the stock one. They share ``seed`` for their hashes: its accidents must favour neither."""
    os.environ["PYTHONHASHSEED"] = str(seed)
    with process(ours, server) as one, process(STOCK, server) as other:
        yield Pair(one, other)
