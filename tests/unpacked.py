"""Database servers of Debian's unstable suite, unpacked into a folder beside what the machine has.

    python -m tests.unpacked mysql mariadb postgresql

debootstrap fetches the packages with all that they need, from the mirror that the machine's own apt reads.
They are not installed: each program is started by the loader and with the libraries that came with it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_VARIABLE = "CAUSEWAY_TEST_UNPACKED"
# Not in a home: servers that root starts run as other users.
FOLDER = "/var/cache/django-causeway/unpacked"
SUITE = "sid"
PACKAGES = {
    "mysql": ("mysql-server-core", "mysql-client-core"),
    "mariadb": ("mariadb-server-core", "mariadb-client-core"),
    "postgresql": ("postgresql",),
}
PROGRAMS = (
    *(f"usr/*bin/{name}" for name in ("mysql*", "mariadb*", "my_print_defaults", "resolveip")),
    "usr/lib/postgresql/*/bin/*",
)
# In a server's folder, where its programs are and nothing else.
PROGRAM_FOLDER = "programs"
STARTER = """#!/bin/sh
exec {loader} --argv0 "$0" --library-path {libraries} {program} "$@"
"""


class UnpackError(Exception):
    """A server cannot be unpacked; the message says why, and what to do."""


def folder() -> Path:
    """Where servers are kept, for all checkouts of this machine."""
    return Path(os.environ.get(FOLDER_VARIABLE) or FOLDER)


def variable(server: str) -> str:
    """What names a running server, and makes an unpacked one needless."""
    return f"CAUSEWAY_TEST_{server.upper()}"


def programs_of(server: str) -> Path:
    """The folder of the programs of a server, if it is unpacked."""
    return folder() / server / PROGRAM_FOLDER


def unpack(server: str) -> Path:
    """The folder of a server, which is made where it is not there. Raises UnpackError.

    It is there only when it is complete: what an interrupted run left is removed by the next.
    """
    root = folder() / server
    if root.is_dir():
        return root
    require_debian(server)
    root.parent.mkdir(parents=True, exist_ok=True)
    with locked(root.with_name(f".{server}.lock")):
        if not root.is_dir():
            make(server, root)
    return root


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """While the block runs, no other process is in such a block; a process that ends has left it."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(server: str, root: Path) -> None:
    for left in root.parent.glob(f".{server}-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=f".{server}-", dir=root.parent) as scratch:
        packages, unpacked = Path(scratch, "packages"), Path(scratch, "unpacked")
        download(server, packages)
        for package in sorted(packages.glob("var/cache/apt/archives/*.deb")):
            run(["dpkg-deb", "--extract", str(package), str(unpacked)])
        for name in ("doc", "locale", "man"):
            shutil.rmtree(unpacked / "usr/share" / name, ignore_errors=True)
        make_starters(unpacked, root)
        unpacked.chmod(0o755)
        unpacked.rename(root)


def require_debian(server: str) -> None:
    if os.getuid() == 0 and shutil.which("debootstrap") and shutil.which("dpkg-deb"):
        return
    raise UnpackError(
        f"Only root can unpack {server}, and on Debian only, by its package debootstrap. Name a running server "
        f"instead: {variable(server)}=host:port:user:password."
    )


def download(server: str, packages: Path) -> None:
    """Fetch the packages of a server and all that they need. Raises UnpackError."""
    said = ""
    options = ["--download-only", "--variant=minbase", f"--include={','.join(PACKAGES[server])}"]
    for mirror in mirrors():
        try:
            run(["debootstrap", *options, SUITE, str(packages), mirror])
            return
        except UnpackError as error:
            said += f"\n{error}"
            shutil.rmtree(packages, ignore_errors=True)
    raise UnpackError(
        f"No mirror that apt is told of gives the packages of {server} in Debian's suite {SUITE!r}. Name a running "
        f"server instead: {variable(server)}=host:port:user:password.{said}"
    )


def mirrors() -> list[str]:
    """The archives that the machine's apt reads and that may be Debian's: where apt has fetched nothing yet, all."""
    targets = ["--format", "$(ORIGIN)/$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    lines = run(["apt-get", "indextargets", *targets]).splitlines()
    found = [line.split(" ", 1) for line in lines]
    return list(dict.fromkeys(address for origin, address in found if origin in {"Debian/Debian", "/"}))


def make_starters(unpacked: Path, root: Path) -> None:
    """Put a script in the place of each program, which starts it with the loader and libraries beside it.

    A program that starts another, as initdb does, finds it by its own path.
    """
    (loader,) = (unpacked / "usr/lib").glob("*-linux-gnu*/ld-linux*.so.*")
    (unpacked / PROGRAM_FOLDER).mkdir()
    for file in sorted(found for pattern in PROGRAMS for found in unpacked.glob(pattern)):
        (unpacked / PROGRAM_FOLDER / file.name).symlink_to(root / file.relative_to(unpacked))
        if file.is_symlink() or file.read_bytes()[:4] != b"\x7fELF":
            continue
        program = file.with_name(f"{file.name}.unpacked")
        file.rename(program)
        there = [root / path.relative_to(unpacked) for path in (loader, loader.parent, program)]
        file.write_text(STARTER.format(loader=there[0], libraries=there[1], program=there[2]))
        file.chmod(0o755)


def run(command: list[str]) -> str:
    """What a command says. Raises UnpackError."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-3:])
        raise UnpackError(f"{' '.join(command)} ended with status {done.returncode}:\n{end}")
    return done.stdout


def main(servers: list[str]) -> int:
    if not servers or not set(servers) <= PACKAGES.keys():
        print(f"usage: python -m tests.unpacked {' | '.join(PACKAGES)} …", file=sys.stderr)
        return 2
    try:
        for server in servers:
            if not os.environ.get(variable(server)):
                unpack(server)
    except UnpackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
