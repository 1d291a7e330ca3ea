#!/bin/sh
# Makes the Python environment of a peer from its requirements.txt, in bench/.cache. PYTHON names another interpreter.
set -eu
peer=$1
here=$(cd "$(dirname "$0")" && pwd)
venv="$here/../.cache/venv-$peer"
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/$peer/requirements.txt"
