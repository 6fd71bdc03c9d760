"""Projects side by side, which take turns, so that the drift of a machine takes all alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from reprlib import repr as brief
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING, Any

import worker
from projects import Project, Unfit

if TYPE_CHECKING:
    from clocks import Sample

# A sample takes about so many seconds: short queries are run several times in a row. It is short
# itself, that an interruption spoils few of many samples and not each of few.
SAMPLE = 0.005
# Samples are taken for at least so many seconds in a round.
ENOUGH = 1.0


class Failed(Unfit):
    """A project could not do what it was asked for."""

    def __init__(self, project: Project, failure: worker.Failure) -> None:
        super().__init__(f"The project {project.name!r} failed: {first_line(failure.reason)}")
        self.traceback = failure.traceback


def first_line(text: str) -> str:
    return text.strip().split("\n")[0]


@dataclass
class Figure:
    """The samples of one query, turn by turn, of each project."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def add(self, project: str, sample: Sample) -> None:
        self.samples.setdefault(project, []).append(sample)

    def wall(self, project: str) -> float:
        """The median seconds on the clock."""
        return median(sample.wall for sample in self.samples[project])

    def work(self, project: str) -> float | None:
        """The median seconds of processor time, where they are known."""
        known = [sample.work for sample in self.samples[project] if sample.work is not None]
        return median(known) if known else None

    def spread(self, ours: str, theirs: str) -> tuple[float, float]:
        """The middle half of the ratios turn by turn, on the clock."""
        turns = zip(self.samples[ours], self.samples[theirs], strict=True)
        ratios = [one.wall / other.wall for one, other in turns]
        low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        return low, high


@dataclass(frozen=True, eq=False)
class Peer:
    """A project in a process of its own."""

    project: Project
    process: ProcessPoolExecutor

    def ask(self, task: Callable[..., Any], *args: Any) -> Any:
        """The result of a task of ``worker``'s. Raises Failed."""
        result = self.process.submit(worker.attempt, task, *args).result()
        if isinstance(result, worker.Failure):
            raise Failed(self.project, result)
        return result

    def start(self) -> None:
        self.ask(worker.start, self.project)

    def shape(self, task: Callable[..., Any], group: str, name: str, *args: Any) -> Any:
        """The result of a task on a query, which the project may write in a way of its own."""
        return self.ask(task, self.project.spanning if group == "spanning" else group, name, *args)

    def number(self, task: Callable, group: str, name: str) -> int:
        """How many runs make a sample. Finding out warms the project up."""
        number = 1
        while (seconds := self.shape(task, group, name, number).wall) * number < SAMPLE / 2:
            number = min(number * 10, max(number + 1, round(SAMPLE / seconds)))
        return number


@contextmanager
def process(project: Project) -> Iterator[Peer]:
    """A fresh process that is yet to become the project."""
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        yield Peer(project, executor)


@contextmanager
def processes(projects: list[Project], seed: int) -> Iterator[list[Peer]]:
    """The projects side by side, to be started. Their hashes have one ``seed``: its accidents must favour none."""
    os.environ["PYTHONHASHSEED"] = str(seed)
    with ExitStack() as stack:
        yield [stack.enter_context(process(project)) for project in projects]


def compare(peer: Peer, group: str, name: str, expected: Any) -> None:
    """Raise Unfit where the project does not give the answer that another gave."""
    answer = peer.shape(worker.answer, group, name)
    if answer != expected:
        project = peer.project.name
        raise Unfit(f"The project {project!r} answers {name!r} with {brief(answer)}, not {brief(expected)}.")


def take_turns(peers: list[Peer], figure: Figure, task: Callable, group: str, name: str, repeat: int) -> None:
    """Add samples of all peers to the figure: ``repeat`` of each, and more while there is time."""
    numbers = [(peer, peer.number(task, group, name)) for peer in peers]
    began, turn = perf_counter(), 0
    while turn < repeat or perf_counter() - began < ENOUGH:
        first = turn % len(numbers)
        for peer, number in numbers[first:] + numbers[:first]:
            figure.add(peer.project.name, peer.shape(task, group, name, number))
        turn += 1
