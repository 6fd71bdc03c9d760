#!/usr/bin/env bash
# Makes the virtual environment FOLDER where it is not there yet, and installs into it:
#     requirements/environment.sh PYTHON FOLDER PIP-ARGUMENT…
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
folder=$2
shift 2

if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! command -v "$python" >/dev/null; then
        echo "There is no program '$python'. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2
        exit 1
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "'$python' is Python $version. Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        requirements/debian.sh "'$python' cannot make a virtual environment." "python$version-venv"
    fi
    "$python" -m venv "$folder"
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"
