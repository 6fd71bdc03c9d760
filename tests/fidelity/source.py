"""Django's own tests, from the source distribution of the installed version."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
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
    name = f"django-{django.get_version()}"
    folder = cache_folder() / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as scratch:
            with tarfile.open(download(Path(scratch))) as archive:
                archive.extractall(scratch, filter="data")
            # At once: whoever finds the folder finds it complete.
            Path(scratch, name).rename(folder)
    return folder / "tests"


def download(folder: Path) -> Path:
    """The source distribution of the installed Django, put into the folder. Raises SourceError."""
    requirement = f"django=={django.get_version()}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-binary", ":all:", "--dest", str(folder), requirement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SourceError(
            f"Cannot download the source distribution of {requirement}, which holds Django's own tests:\n"
            f"{done.stderr.strip()}\nLet pip reach a package index, or name a folder that has it by "
            f"{CACHE_VARIABLE}."
        )
    (archive,) = folder.glob("*.tar.gz")
    return archive
