"""Runs ``tests.fidelity.child``, a few processes at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fidelity.layout import LAYOUT_VARIABLE, Layout

ROOT = Path(__file__).resolve().parents[2]
# How much of a log is shown where a process failed.
TAIL = 20


class ProcessError(Exception):
    """A process gave no result; the message says why."""


@dataclass
class Processes:
    """Runs processes in the folder ``tests`` of Django's, each with a log of its own.

    One that takes longer than ``timeout`` seconds hangs, and is ended.
    """

    tests: Path
    logs: Path
    jobs: int
    timeout: float
    turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.turns = asyncio.Semaphore(self.jobs)

    async def run(self, verb: str, modules: tuple[str, ...], layout: Layout, name: str) -> Any:
        """What ``child`` gives for the verb and the modules. Raises ProcessError."""
        log = self.logs / f"{name}-{modules[0]}.log"
        async with self.turns:
            with tempfile.TemporaryDirectory(prefix="causeway-fidelity-") as folder:
                output = Path(folder, "output.json")
                command = [sys.executable, "-m", "tests.fidelity.child", verb, str(output), *modules]
                ending = await self.wait(command, self.environment(layout, folder), log)
                if not output.exists():
                    tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
                    raise ProcessError(f"{modules[0]}…: the process {ending}. The end of {log}:\n{tail}")
                return json.loads(output.read_text())

    def environment(self, layout: Layout, folder: str) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.fidelity.settings",
            LAYOUT_VARIABLE: json.dumps(asdict(layout)),
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "TMPDIR": folder,
        }

    async def wait(self, command: list[str], environment: dict[str, str], log: Path) -> str:
        """Run the command to its end, and say how it ended."""
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self.tests,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        try:
            async with asyncio.timeout(self.timeout):
                return f"ended with status {await process.wait()}"
        except TimeoutError:
            return f"was ended after {self.timeout:.0f} seconds"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
