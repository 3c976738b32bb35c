# The door of the house. `make` alone lists what it opens; make and Python 3.11 or newer are all it needs.

PYTHON ?= python3
ARGS ?=
STAGE ?= dev
ROUNDS ?= 30
SEEDS ?= 10
OPERATIONS ?= 2000
ROWS ?= 100000
RUNS ?= 5

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Nothing here looks for a newer version of itself while it works.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run workspace test test-crash test-random check format package bench bench-catalogue eval-mapping lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(INSTALLED): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Skuloom needs Python 3.11 or newer, and '$(PYTHON)' is not: name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		echo "making a virtual environment in $(VENV)" >&2; $(PYTHON) -m venv --clear $(VENV); }
	@echo "installing requirements-dev.txt into $(VENV)" >&2
	@$(BIN)/python -m pip install -qq -r requirements-dev.txt
	@touch $@

# `exec`: signals reach Python itself, no shell stands between.
run: $(INSTALLED) ## Start the whole system here, in the foreground (PORT, PIM_DATA_DIR, PIM_DEV_API_KEY)
	@exec $(BIN)/python -m infra.local

workspace: $(INSTALLED) ## Make another workspace while `make run` runs and print its key: NAME=acme
	@test -n "$(NAME)" || { echo "say which: make workspace NAME=acme" >&2; exit 2; }
	@exec $(BIN)/python -m infra.local.workspace "$(NAME)"

test: $(INSTALLED) ## Run the tests: ARGS="tests/unit -k csv" for some of them
	@exec $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations=10 $(ARGS)

test-crash: $(INSTALLED) ## Kill the system at random moments during imports: ROUNDS=30
	@CRASH_ROUNDS=$(ROUNDS) exec $(BIN)/python -m pytest -m crash $(ARGS)

test-random: $(INSTALLED) ## Hold random sequences of operations against a plain model: SEEDS=10 OPERATIONS=2000
	@RANDOM_SEEDS=$(SEEDS) RANDOM_OPERATIONS=$(OPERATIONS) exec $(BIN)/python -m pytest --numprocesses 2 \
		tests/integration/test_random_walks.py $(ARGS)

check: $(INSTALLED) ## Check format, lint, types (mypy and pyright) and the floor plan's import contracts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

format: $(INSTALLED) ## Format the code and apply the lint fixes that are safe
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .

package: $(INSTALLED) ## Build the Lambda package in .package/, lint it, print its size and cold import: STAGE=dev
	@exec $(BIN)/python -m scripts.package --stage $(STAGE)

bench: $(INSTALLED) ## Measure imports against the raw floor: ROWS=100000 RUNS=5
	@exec $(BIN)/python -m bench $(ROWS) $(RUNS)

bench-catalogue: $(INSTALLED) ## Measure segments, lists and facets on a large catalogue: ROWS=1000000 RUNS=5
	@exec $(BIN)/python -m bench.questions $(if $(filter file,$(origin ROWS)),1000000,$(ROWS)) $(RUNS)

eval-mapping: $(INSTALLED) ## Write the suggested mapping of a labelled set: SET=eval.jsonl OUT=predictions.jsonl
	@test -n "$(SET)" && test -n "$(OUT)" || { echo "say which: make eval-mapping SET=eval.jsonl OUT=predictions.jsonl" >&2; exit 2; }
	@exec $(BIN)/python -m scripts.eval_mapping "$(SET)" "$(OUT)"

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate
lock: $(INSTALLED) ## Pin requirements*.in into requirements*.txt: ARGS=--upgrade for the newest
	$(LOCK) $(ARGS) requirements.in --output-file requirements.txt
	$(LOCK) $(ARGS) --constraint requirements.txt requirements-dev.in --output-file requirements-dev.txt

clean: ## Remove what checks, tests and packaging left (.venv and the data of `make run` stay)
	rm -rf .package .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
