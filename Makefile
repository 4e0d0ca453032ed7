# `make` alone lists the targets; each sets up what it needs by itself.

# Where it is set, every start would compile every import anew.
unexport PYTHONDONTWRITEBYTECODE
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := uv==0.13.9
AIRFLOW := .venv-airflow
PIPELINE := $(BIN)/notchpay-pipeline
ARGS ?=
# FILE and RUN travel by the environment: they may hold blanks and apostrophes.
export FILE RUN

.PHONY: help demo test test-slow test-airflow test-all check plan import export report runs resume \
  undo doctor sandbox chaos bench lint types format clean lock setup setup-test

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

# --- set-up ---------------------------------------------------------------------

# uv installs in seconds; where it cannot be had, pip does the same slowly.
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV) 2>/dev/null || true
	@if test -x $(BIN)/uv; then \
	  $(BIN)/uv pip install --quiet --no-config --python $(BIN)/python --require-hashes -r $(1); \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); \
	fi
	@if test -x $(BIN)/uv; then \
	  $(BIN)/uv pip install --quiet --no-config --python $(BIN)/python --no-deps -e .; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@
endef

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "error: Python 3.11 or newer is needed; try `make PYTHON=python3.12 …`")'
	@echo "setting up $(VENV)" >&2
	$(call install,requirements.lock)

$(VENV)/.installed-test: tests/requirements.lock $(VENV)/.installed
	@echo "setting up $(VENV) for tests" >&2
	$(call install,tests/requirements.lock)

# `private`: what it builds on is set up in its own place.
$(AIRFLOW)/.installed: private BIN := $(AIRFLOW)/bin
$(AIRFLOW)/.installed: private VENV := $(AIRFLOW)
$(AIRFLOW)/.installed: tests/airflow/requirements.lock pyproject.toml
	@echo "setting up $(VENV)" >&2
	$(call install,tests/airflow/requirements.lock)

setup: $(VENV)/.installed ## Set up the environment only

setup-test: $(VENV)/.installed-test

lock: setup ## Write the lock files anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -o requirements.lock
	@$(BIN)/uv pip compile --quiet pyproject.toml --group test \
	  --extra dask --extra delta --extra otel --extra postgres --extra s3 --extra splink \
	  -c requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -o tests/requirements.lock
	@$(BIN)/uv pip compile --quiet pyproject.toml --group test-airflow \
	  --extra airflow --extra postgres \
	  -c requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -o tests/airflow/requirements.lock

# --- the product ----------------------------------------------------------------

demo: setup ## Import the sample twice into a sandbox, export it, show the counts
	@$(PIPELINE) demo $(ARGS)

check: setup ## Check FILE: no network, no key
	@$(PIPELINE) check "$$FILE" $(ARGS)

plan: setup ## Say what importing FILE would do
	@$(PIPELINE) plan "$$FILE" $(ARGS)

import: setup ## Import FILE
	@$(PIPELINE) import "$$FILE" $(ARGS)

export: setup ## Export customers and payments to Parquet
	@$(PIPELINE) export $(ARGS)

report: setup ## Build the page of run RUN anew
	@$(PIPELINE) report "$$RUN" $(ARGS)

runs: setup ## List the runs
	@$(PIPELINE) runs $(ARGS)

resume: setup ## Go on with run RUN (the newest that can, if not given)
	@$(PIPELINE) resume $${RUN:+"$$RUN"} $(ARGS)

undo: setup ## Put back what run RUN updated
	@$(PIPELINE) undo "$$RUN" $(ARGS)

doctor: setup ## Check settings, key, API, state database and disk
	@$(PIPELINE) doctor $(ARGS)

sandbox: setup ## Serve the embedded API on loopback
	@$(PIPELINE) sandbox $(ARGS)

# --- the project ----------------------------------------------------------------

test: setup-test ## Run the test suite
	@$(BIN)/python -m pytest -m "not slow" -n 2 $(ARGS)

test-slow: setup-test ## Run the slow part of the test suite
	@$(BIN)/python -m pytest -m slow $(ARGS)

test-airflow: $(AIRFLOW)/.installed ## Run the tests of the Airflow provider
	@$(AIRFLOW)/bin/python -m pytest tests/airflow $(ARGS)

chaos: setup-test ## Run the fault matrix; the table goes to build/chaos.json too
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: setup-test ## Run the benchmarks; the table goes to build/bench.json too
	@$(BIN)/python -m tests.benchmarks $(ARGS)

lint: setup-test ## Check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-test ## Check types
	@$(BIN)/mypy

format: setup-test ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

clean: ## Remove what was built, the environment too
	@rm -rf $(VENV) $(AIRFLOW) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
