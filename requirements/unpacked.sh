#!/usr/bin/env bash
# Unpacks the newest versions of servers, where they are not unpacked yet:
#     requirements/unpacked.sh PYTHON SERVER…
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
shift

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v debootstrap >/dev/null; then
    requirements/debian.sh "debootstrap fetches the newest versions of servers." debootstrap
fi
"$python" -m tests.unpacked "$@"
