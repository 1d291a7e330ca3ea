#!/bin/sh
# Makes the Python environments of the peers and the model, in bench/.cache. PYTHON names another interpreter.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache="$here/../.cache"
venv="$cache/venv-streaming"
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
"$here/../peers/mlserver/setup.sh"
"$cache/venv-mlserver/bin/pip" install --quiet aiokafka
mkdir -p "$cache/streaming"
"$venv/bin/python" "$here/../batch/make_tables.py" "$cache/streaming"
