"""Django's own tests and those of packages, from their source distributions."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import django

CACHE_VARIABLE = "CAUSEWAY_FIDELITY_CACHE"


class SourceError(Exception):
    """Django's tests cannot be had; the message says what to do."""


def cache_folder() -> Path:
    """Where source distributions and outcomes are kept between runs."""
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "django-causeway"


def django_tests() -> Path:
    """The folder of the tests of the installed Django, downloaded once. Raises SourceError."""
    return source_distribution("django", django.get_version()) / "tests"


def source_distribution(name: str, version: str) -> Path:
    """The unpacked source distribution of a package, downloaded once. Raises SourceError."""
    folder = cache_folder() / f"{name}-{version}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as scratch:
            archive = download(Path(scratch), f"{name}=={version}")
            unpacked = Path(scratch, "unpacked")
            with tarfile.open(archive) as opened:
                opened.extractall(unpacked, filter="data")
            (top,) = unpacked.iterdir()
            with suppress(OSError):  # another process was faster
                # At once: whoever finds the folder finds it complete.
                top.rename(folder)
    return folder


def download(folder: Path, requirement: str) -> Path:
    """The source distribution that is required, put into the folder. Raises SourceError."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-binary", ":all:", "--dest", str(folder), requirement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SourceError(
            f"Cannot download the source distribution of {requirement}, which holds its own tests:\n"
            f"{done.stderr.strip()}\nLet pip reach a package index, or name a folder that has it by "
            f"{CACHE_VARIABLE}."
        )
    (archive,) = folder.glob("*.tar.gz")
    return archive
