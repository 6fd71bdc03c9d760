#!/usr/bin/env bash
# Sees to the programs of a MariaDB server, which the tests on MariaDB start themselves (never its
# service: the packages named here have none).
#     requirements/mariadb.sh
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian keeps server programs where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/usr/local/sbin

if [ -z "${CAUSEWAY_TEST_MARIADB:-}" ] && ! { command -v mariadbd && command -v mariadb-install-db; } >/dev/null; then
    requirements/debian.sh \
        "There is no MariaDB server here, and CAUSEWAY_TEST_MARIADB=host:port:user:password names none." \
        mariadb-server-core mariadb-client-core
fi
