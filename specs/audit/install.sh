#!/usr/bin/env bash
# Gives the auditor of the market its Python packages, in a folder of their own.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}"
if [ "$(uname)" = Darwin ] && [ -z "${XDG_CACHE_HOME:-}" ]; then cache="$HOME/Library/Caches"; fi
place="${METERHOOD_AUDIT:-$cache/meterhood/audit}"

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  # Debian keeps both in a package of their own; other Pythons bring them along.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
  else
    echo "the auditor needs Python with venv: apt-get install -y python3-venv" >&2
    exit 1
  fi
fi
"$place/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$place"
"$place/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
echo "$place"
