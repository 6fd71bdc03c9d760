#!/usr/bin/env bash
# Sees to the programs of a MySQL server, which the tests on MySQL start themselves. Debian's stable
# releases have none.
#     requirements/mysql.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."

# Where MariaDB is installed, its program has this name as well.
if [ -z "${CAUSEWAY_TEST_MYSQL:-}" ] && ! (PATH=$PATH:/usr/sbin:/usr/local/sbin mysqld --version | grep -v MariaDB) >/dev/null 2>&1; then
    requirements/unpacked.sh "$1" mysql
fi
