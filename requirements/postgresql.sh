#!/usr/bin/env bash
# Sees to the programs of a PostgreSQL server, which the tests on PostgreSQL start themselves.
#     requirements/postgresql.sh
set -euo pipefail
cd "$(dirname "$0")/.."

shopt -s nullglob
installed=(/usr/lib/postgresql/*/bin/postgres)

if [ -z "${CAUSEWAY_TEST_POSTGRESQL:-}" ] && [ ${#installed[@]} = 0 ] && ! command -v postgres >/dev/null; then
    if [ "$(id -u)" = 0 ] && [ -d /etc/apt ]; then
        # Debian's package makes a cluster and starts it as a service, unless it is told not to.
        mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no-main-cluster.conf
    fi
    requirements/debian.sh \
        "There is no PostgreSQL server here, and CAUSEWAY_TEST_POSTGRESQL=host:port:user:password names none." \
        postgresql
fi
