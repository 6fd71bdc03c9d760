#!/usr/bin/env bash
# Sees to what builds the Python driver of MySQL and MariaDB.
#     requirements/mysqlclient.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
packages=()

if "$python" -c 'import MySQLdb' 2>/dev/null; then
    exit
fi
command -v gcc >/dev/null || packages+=(gcc libc6-dev)
command -v pkg-config >/dev/null || packages+=(pkg-config)
{ pkg-config --exists libmariadb || pkg-config --exists mysqlclient; } 2>/dev/null || packages+=(libmariadb-dev)
if ! "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
    packages+=("python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-dev")
fi
if [ ${#packages[@]} -gt 0 ]; then
    requirements/debian.sh "The driver mysqlclient cannot be built yet." "${packages[@]}"
fi
