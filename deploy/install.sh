#!/bin/sh
# The second stage: what serves, without PyTorch and without pip, and no larger than it may be.
#     deploy/install.sh PREPARED TARGET
# PREPARED is what deploy/prepare.sh made, TARGET the new environment; PYTHON is the interpreter, python3 when not set.
set -eu
prepared=$1
target=$2
limit_mb=700
cd "$(dirname "$0")/.."

"${PYTHON:-python3}" -m venv --without-pip "$target"
pip() { "${PYTHON:-python3}" -m pip --quiet --disable-pip-version-check --python "$target/bin/python" "$@"; }
pip install --no-deps --require-hashes --requirement requirements/serve.txt
pip install --no-deps --no-index "$prepared"/package/*.whl

if "$target/bin/python" -c "import torch" 2>/dev/null; then
    echo "PyTorch is in $target, and what serves must not have it; take it out of requirements/serve.txt." >&2
    exit 1
fi
# Python itself and the system below it are the base image's.
du -sm "$target"/lib/python*/site-packages/* "$prepared"/models "$prepared"/data | sort -rn | head -n 12
installed_mb=$(du -scm "$target" "$prepared"/models "$prepared"/data | tail -n 1 | cut -f 1)
echo "$installed_mb MB installed, of $limit_mb at most"
[ "$installed_mb" -le "$limit_mb" ]
