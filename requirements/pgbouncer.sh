#!/usr/bin/env bash
# Sees to PgBouncer, which the tests on PostgreSQL put before the server.
#     requirements/pgbouncer.sh
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v pgbouncer >/dev/null && [ ! -x /usr/sbin/pgbouncer ]; then
    requirements/debian.sh "There is no PgBouncer here." pgbouncer
fi
