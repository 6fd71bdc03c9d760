"""Runs the suite of a package, in one database or split over two."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django

from tests.databases import Databases
from tests.fidelity.databases import IN_MEMORY
from tests.fidelity.layout import Layout, one_database, two_databases
from tests.fidelity.source import cache_folder
from tests.fidelity.suite import Figures, compare, installed
from tests.packages.catalog import Package
from tests.packages.splits import SPLITS

INSIDE = Path(__file__).with_name("inside")
# Holds what the plugin is told, as JSON.
RUN_VARIABLE = "CAUSEWAY_PACKAGES_RUN"
# Names of files that hold tests, by the habits of all packages.
PYTHON_FILES = "python_files=tests.py test*.py *_tests.py"
# What of a package says where and how it is split, which changes no outcome in one database.
SPLIT_BY = {"engines", "extensions", "own", "together"}
# How much of a log is shown where a process failed.
TAIL = 25


class SuiteError(Exception):
    """A suite could not be run; the message says why."""


@dataclass
class PackageSuite:
    """The tests of a package on the databases of an engine; ``short`` begins the names of its databases."""

    package: Package
    local: Databases
    core: Databases
    logs: Path
    timeout: float = 3600

    @property
    def aliases(self) -> tuple[str, ...]:
        return ("default", *self.package.aliases)

    @property
    def short(self) -> str:
        return self.package.name.removeprefix("django").replace("-", "")

    def measure(self, split: str, placement: str, seed: str) -> Figures:
        """What is lost by a split. Raises SuiteError."""
        labels = SPLITS[split](self.package, self.facts(), seed)
        entry = {"MODELS": labels, "OWNER": True, "PLACEMENT": placement}
        if placement == "linked":
            entry |= self.core.core_entry("core")
        else:
            # As docs/howto/third-party.rst says: packages know of Django's own atomic() alone.
            entry["PLAIN_ATOMIC"] = "off"
        return compare(self.whole(), self.run("tests", split, entry))

    def facts(self) -> Any:
        """The facts of the models, as the plugin gives them."""
        return self.kept("models", self.package.version, lambda: self.run("models", "facts"))

    def whole(self) -> dict[str, str]:
        """The outcomes in one database, on Django's own backend."""
        package = {name: value for name, value in asdict(self.package).items() if name not in SPLIT_BY}
        versions = [self.local.product, *installed(), package]
        return self.kept("tests", versions, lambda: self.run("tests", "whole"))

    def kept(self, verb: str, versions: Any, find: Any) -> Any:
        """What is found, or was before in the same versions."""
        key = hashlib.sha256(json.dumps([verb, django.VERSION, versions], default=str).encode()).hexdigest()
        path = cache_folder() / "packages" / f"{self.package.name}-{verb}-{key[:16]}.json"
        if not path.exists():
            found = find()
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_text(json.dumps(found))
            unfinished.replace(path)
        return json.loads(path.read_text())

    def run(self, verb: str, what: str, entry: dict[str, Any] | None = None) -> Any:
        """What the plugin gives for the verb. Raises SuiteError."""
        name = f"{self.short}{what}"
        layout = self.layout(name, entry)
        self.local.create(f"{name}_default")
        try:
            with tempfile.TemporaryDirectory(prefix="causeway-packages-", dir=IN_MEMORY) as folder:
                return self.process(verb, layout, Path(folder), self.logs / f"{self.package.name}-{what}.log")
        finally:
            for alias in (*self.aliases, "core"):
                (self.core if alias == "core" else self.local).drop(f"{name}_{alias}")

    def layout(self, name: str, entry: dict[str, Any] | None) -> Layout:
        if entry is None:
            return one_database(self.local, name, self.aliases)
        layout = two_databases(self.local, self.core, name, entry, self.aliases)
        if self.package.extensions and (schema := entry.get("SCHEMA")):
            # As docs/howto/postgresql.rst says: the search path goes on to where the extension stands.
            layout.databases["core"]["OPTIONS"] = {"options": f"-c search_path={schema},public"}
        return layout

    def process(self, verb: str, layout: Layout, folder: Path, log: Path) -> Any:
        # Tests write beside their files.
        source = shutil.copytree(self.package.source(), folder / "source")
        told = {"verb": verb, "output": str(folder / "output.json"), **asdict(layout)}
        with log.open("wb") as output:
            try:
                done = subprocess.run(
                    self.command(verb),
                    cwd=source / self.package.folder,
                    env=self.environment(source, told, folder),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=self.timeout,
                )
                ending = f"ended with status {done.returncode}"
            except subprocess.TimeoutExpired:
                ending = f"was ended after {self.timeout:.0f} seconds"
        if not (folder / "output.json").exists():
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
            raise SuiteError(f"{self.package.name}: the process {ending}. The end of {log}:\n{tail}")
        return json.loads((folder / "output.json").read_text())

    def command(self, verb: str) -> list[str]:
        words = [sys.executable, "-m", "pytest", "-p", "packages_plugin", "-p", "no:cacheprovider"]
        words += ["-o", "addopts=", "-o", PYTHON_FILES, "-q", "--tb=short", "--continue-on-collection-errors"]
        if self.package.settings:
            words += ["--ds", self.package.settings]
        return [*words, *(["--collect-only"] if verb == "models" else []), *self.arguments()]

    def arguments(self) -> list[str]:
        return [*self.package.arguments, *self.package.tests]

    def environment(self, source: Path, told: dict[str, Any], folder: Path) -> dict[str, str]:
        paths = [source / self.package.folder, source, INSIDE]
        kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        return {
            **kept,
            **self.package.environment.get(self.local.engine, {}),
            RUN_VARIABLE: json.dumps(told, default=str),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "TMPDIR": str(folder),
        }
