#!/usr/bin/env bash
# Sees to what the tests on MariaDB need of the machine: the server's programs (never its
# service: the packages named here have none), and what builds the Python driver.
#     requirements/mariadb.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
packages=()
reason=

# Debian keeps server programs where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/usr/local/sbin

if [ -z "${CAUSEWAY_TEST_MYSQL:-}" ] && ! { command -v mariadbd && command -v mariadb-install-db; } >/dev/null; then
    reason="There is no MariaDB server here, and CAUSEWAY_TEST_MYSQL=host:port:user:password names none."
    packages+=(mariadb-server-core mariadb-client-core)
fi
if ! "$python" -c 'import MySQLdb' 2>/dev/null; then
    missing=()
    command -v gcc >/dev/null || missing+=(gcc libc6-dev)
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    { pkg-config --exists libmariadb || pkg-config --exists mysqlclient; } 2>/dev/null || missing+=(libmariadb-dev)
    if ! "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
        missing+=("python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-dev")
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        reason="${reason:+$reason }The driver mysqlclient cannot be built yet."
        packages+=("${missing[@]}")
    fi
fi
if [ ${#packages[@]} -gt 0 ]; then
    requirements/debian.sh "$reason" "${packages[@]}"
fi
