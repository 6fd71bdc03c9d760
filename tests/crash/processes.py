"""Processes of a pair's project: each is forked from one that has loaded it and has opened no connection."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from django.db import Error, close_old_connections

from tests.crash import project
from tests.crash.points import Failing, Fault, Roles, Watch

FORK = multiprocessing.get_context("fork")
# Longer than any wait for a lock; who is not done then waits without end.
PATIENCE_SECONDS = 40


class Ended(Exception):
    """The process sends nothing more."""


class Hangs(Exception):
    """The process sends nothing, and has not ended."""


class Fork:
    """A function in a process of its own, which gets the end of a channel before its arguments."""

    def __init__(self, function: Callable[..., None], *args: Any) -> None:
        self.channel, its_end = FORK.Pipe()
        # It ends with this one, whatever it waits for.
        self.process = FORK.Process(target=begin, args=(function, its_end, *args), daemon=True)
        self.process.start()
        its_end.close()

    def receive(self) -> Any:
        """What it sends next. Raises Ended or Hangs; then it has ended."""
        if not self.channel.poll(PATIENCE_SECONDS):
            self.kill()
            raise Hangs
        try:
            return self.channel.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            raise Ended from None

    def send(self, message: Any) -> None:
        self.channel.send(message)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def begin(function: Callable[..., None], *args: Any) -> None:
    # The handler of the process it is forked from stops servers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    function(*args)


def call(function: Callable[..., Any], *args: Any) -> Any:
    """What a function returns in a process of its own. Raises Ended where it fails, or Hangs."""
    fork = Fork(answer, function, *args)
    result = fork.receive()
    fork.process.join()
    return result


def answer(channel: Any, function: Callable[..., Any], *args: Any) -> None:
    channel.send(function(*args))


def attempt(token: str, chance: random.Random) -> str | None:
    """A transfer, as a request makes it; the error it was told, if it was. Only what Django names is caught."""
    close_old_connections()
    try:
        project.transfer(token, chance)
    except Error as error:
        return f"{type(error).__name__}: {error}"
    return None


def fail_once(channel: Any, fault: Fault, roles: Roles, tokens: list[str], seed: int) -> None:
    """Three transfers: the fault happens to the second, and the third waits for a message.

    It sends what each was told, and on the way which server is to be killed.
    """

    def kill(victim: str) -> None:
        channel.send({"kill": victim})
        channel.recv()

    chance, failing = random.Random(seed), Failing(fault, kill)
    with Watch(failing.reached, roles):
        before, during, after = tokens
        channel.send(attempt(before, chance))
        failing.is_armed = True
        told = attempt(during, chance)
        channel.send({"told": told, "has_happened": failing.has_happened})
        channel.recv()
        failing.is_armed = False
        channel.send(attempt(after, chance))


def transfer_on_demand(channel: Any, tokens: list[str], seed: int) -> None:
    """A transfer for each message; it sends what each was told."""
    chance = random.Random(seed)
    for token in tokens:
        channel.recv()
        channel.send(attempt(token, chance))


def keep_transferring(channel: Any, name: str, seed: int, log: Path, stop: Path) -> None:
    """Transfers until the file ``stop`` is there, and one more on a message. The log tells what each came to."""
    chance = random.Random(seed)
    with log.open("ab", buffering=0) as output:
        for number in count():
            if stop.exists():
                break
            token = f"{name}-{number}"
            error = attempt(token, chance)
            output.write(f"{token}\t{' '.join((error or '').split())}\n".encode())
            if error:
                time.sleep(0.01)
    channel.send("stopped")
    channel.recv()
    channel.send(attempt(f"{name}-after", chance))
