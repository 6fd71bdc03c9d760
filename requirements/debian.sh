#!/usr/bin/env bash
# Installs Debian packages where it may, else says what to install:
#     requirements/debian.sh REASON PACKAGE…
set -euo pipefail

reason=$1
shift

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "$reason Installing: $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq --no-install-recommends "$@" </dev/null >/dev/null
else
    echo "$reason Install the packages (Debian's names): sudo apt-get install $*" >&2
    exit 1
fi
