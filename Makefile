# Every target does its own set-up: it needs Python 3.11 or newer, and make.

PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
COVERED := mailbridge/policy/*,mailbridge/rewrite/*,bot/commands/grammar.py,bot/permissions.py,bot/views/*

.PHONY: demo tour install test lint bench bench-acks check-slack lock

demo: $(RUN)
	@$(BIN)/python -m bot.sandbox.demo

tour: $(RUN)
	@$(BIN)/python -m bot.sandbox.demo --tour

install: $(RUN)

test: lint
	$(BIN)/python -m pytest -n 3 --dist loadgroup --cov --cov-report=
	@echo "What decides, and what everybody reads or gets, is covered branch by branch:"
	$(BIN)/coverage report --fail-under=90 --skip-covered --include='$(COVERED)'

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)
	@$(BIN)/python -m tests.bench

bench-acks: $(DEV)
	@$(BIN)/python -m tests.bench.acks

# Three minutes in a real workspace: make check-slack CHANNEL=C0123456789
check-slack: $(DEV)
	@$(BIN)/python -m tests.acceptance $(CHANNEL)

# Only who changes a dependency needs uv; the locks hold hashes and no addresses, and what they pin stays where it can.
LOCKED := uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-header --quiet
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv (pip install uv)"; exit 1; }
	$(LOCKED) -o requirements.lock
	$(LOCKED) --group dev -o requirements-dev.lock

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Postroom needs Python 3.11 or newer with venv (on Debian: python3-venv); none was found."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock | $(VENV)/bin/python
	@echo "Installing what Postroom needs ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing what Postroom and its tests need ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-dev.lock
	@touch $@ $(RUN)
