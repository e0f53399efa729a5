#!/usr/bin/env bash
# Gives the specs of the contracts slither, in a Python environment of its own.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}"
if [ "$(uname)" = Darwin ] && [ -z "${XDG_CACHE_HOME:-}" ]; then cache="$HOME/Library/Caches"; fi
place="$cache/meterhood/slither"

"$place/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$place"
"$place/bin/python" -m pip install --quiet --disable-pip-version-check slither-analyzer==0.11.6
echo "$place"
