# Every verb does the set-up that it needs; a second call finds it done.

PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
BIN := .venv/bin
QUIET := $(shell test -t 2 || echo --quiet)
PIP := $(BIN)/python -m pip --disable-pip-version-check install $(QUIET) --constraint constraints.txt
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check format bench clean

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready-to-develop ## Make the virtual environment with all that the other verbs need

run: .venv/ready ## Start the app on this machine and open the browser
	$(BIN)/cutaway run

test: .venv/ready-to-develop ## Run all tests (choose some with PYTEST_ARGS="-k name")
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: .venv/ready-to-develop ## Check format, lint, types and import rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports

format: .venv/ready-to-develop ## Put the code in order, as check expects it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/ready-to-develop ## Measure the speeds that the project promises
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m tests.benchmarks

clean: ## Remove the virtual environment and what the tools left
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache *.egg-info build dist
	find app analysis models tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Cutaway needs Python 3.11 or later, and none is on the PATH." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what Cutaway needs; the first time takes minutes." >&2
	$(PIP) --editable .
	touch $@

.venv/ready-to-develop: .venv/ready
	$(PIP) --editable ".[dev]"
	touch $@
