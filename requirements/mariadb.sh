#!/usr/bin/env bash
# Sees to the programs of a MariaDB server, which the tests on MariaDB start themselves (never its
# service: the packages named here have none), and to those of a client.
#     requirements/mariadb.sh
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian keeps server programs where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/usr/local/sbin

packages=()
reason=

if [ -z "${CAUSEWAY_TEST_MARIADB:-}" ] && ! { command -v mariadbd && command -v mariadb-install-db; } >/dev/null; then
    reason="There is no MariaDB server here, and CAUSEWAY_TEST_MARIADB=host:port:user:password names none."
    packages+=(mariadb-server-core mariadb-client-core)
fi
if ! command -v mysqldump >/dev/null; then
    reason="${reason:+$reason }Django copies test databases by mysqldump, which is not here."
    packages+=(mariadb-client)
fi
if [ ${#packages[@]} -gt 0 ]; then
    requirements/debian.sh "$reason" "${packages[@]}"
fi
