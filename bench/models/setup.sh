#!/bin/sh
# Makes the models that are too large, or too special, for the repository, in bench/.cache/models.
set -eu
bench=$(cd "$(dirname "$0")/.." && pwd)
venv="$bench/.cache/venv-models"
models="$bench/.cache/models"
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$bench/../examples/iris/requirements.txt"
mkdir -p "$models"
"$venv/bin/python" "$bench/../test/fixtures/make_models.py" --out "$bench/.cache/fixtures" --out-large "$models"
"$venv/bin/python" "$bench/models/make_heavy.py" "$models/heavy.onnx"
