#!/bin/sh
# The first stage: prepares the model, indexes seeds/ and builds the package, for the second stage to serve.
#     deploy/prepare.sh OUT
# OUT/models, OUT/data and OUT/package are new; PYTHON is the interpreter, python3 when not set.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${PYTHON:-python3}" -m venv "$work/environment"
pip() { "$work/environment/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
# What is thrown away is not compiled.
pip install --no-compile --no-deps --require-hashes --requirement requirements/prepare.txt
pip install --no-compile --constraint constraints.txt torch

# Built from a copy, so that nothing an earlier build left is packed.
mkdir "$work/source"
cp -R pyproject.toml README.md api index rag "$work/source"
pip wheel --no-deps --no-build-isolation --wheel-dir "$out/package" "$work/source"
pip install --no-deps --no-index "$out"/package/*.whl

RAG_DATA_DIR="$out/data" RAG_MODELS_DIR="$out/models" "$work/environment/bin/rag" index seeds
