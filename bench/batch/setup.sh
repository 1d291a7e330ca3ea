#!/bin/sh
# Makes the Python environment of the peers, the model and the tables, in bench/.cache. PYTHON names another interpreter.
# The largest table (20 million rows, 2.7 GB) is made when LARGE is set; Ray Data is installed when RAY is set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache="$here/../.cache"
venv="$cache/venv-batch"
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
if [ -n "${RAY:-}" ]; then
  "$venv/bin/pip" install --quiet "ray[data]"
fi
mkdir -p "$cache/batch"
"$venv/bin/python" "$here/make_tables.py" "$cache/batch" 200000 2000000 ${LARGE:+20000000}
