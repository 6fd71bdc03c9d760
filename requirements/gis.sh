#!/usr/bin/env bash
# Sees to what the tests of geometry columns need of the machine: the libraries of GeoDjango, and
# the spatial extension of each engine named.
#     requirements/gis.sh PYTHON ENGINE…
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
shift
packages=()

need() { # need PACKAGE PROGRAM-OF-PYTHON
    "$python" -c "$2" 2>/dev/null || packages+=("$1")
}

need gdal-bin 'from ctypes.util import find_library as found; assert found("gdal") and found("geos_c")'
for engine in "$@"; do
    if [ "$engine" = sqlite3 ]; then
        if ! "$python" -c 'import sqlite3; sqlite3.Connection.enable_load_extension' 2>/dev/null; then
            echo "The sqlite3 of '$python' cannot load extensions, and SpatiaLite is one. Name a Python that can, such as Debian's: make test-gis GIS_PYTHON=/usr/bin/python3" >&2
            exit 1
        fi
        need libsqlite3-mod-spatialite 'import sqlite3
connection = sqlite3.connect(":memory:")
connection.enable_load_extension(True)
connection.load_extension("mod_spatialite")'
    elif [ "$engine" = postgresql ] && [ -z "${CAUSEWAY_TEST_POSTGRESQL:-}" ]; then
        requirements/postgresql.sh
        for folder in /usr/lib/postgresql/*/; do
            version=$(basename "$folder")
            [ -e "/usr/share/postgresql/$version/extension/postgis.control" ] ||
                packages+=("postgresql-$version-postgis-3")
        done
    fi
done
if [ ${#packages[@]} -gt 0 ]; then
    requirements/debian.sh "GeoDjango's libraries and the spatial extensions are not complete." "${packages[@]}"
fi
