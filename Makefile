# Everything is installed into .venv, and again only when a lock file changed. Settings come from the environment.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = .venv/bin/pip --quiet --disable-pip-version-check
PYTEST = .venv/bin/pytest

.PHONY: help run test soak demo bench verdicts fuzz lint coverage-of-rules lock clean
.DEFAULT_GOAL := help

help:
	@echo "make run                 serve on 127.0.0.1:8080 as a sandbox (PORT, DATABASE_URL, REDIS_URL ... are heeded)"
	@echo "make demo                show five cases from request to letter, and end"
	@echo "make test                every test in its short form (ARGS='-k name' to choose)"
	@echo "make soak                the full counts: kills, histories, mutants"
	@echo "make bench               CPU and time of a submission beside a plain echo"
	@echo "make verdicts            the official validator's verdicts beside ours (ARGS=--compare: no Java is needed)"
	@echo "make fuzz                20,000 broken resources through the validator"
	@echo "make lint                ruff and mypy"
	@echo "make coverage-of-rules   which rules of the guide have a test"
	@echo "make lock                choose the newest versions and write the lock files"
	@echo "make clean               remove .venv, caches and builds"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("wiser-pas needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv

.venv/runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "installing the server into .venv"
	@$(PIP) install --no-compile --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development: requirements-dev.lock requirements.lock pyproject.toml | .venv/bin/python
	@echo "installing the server and its tools into .venv"
	@$(PIP) install --no-compile --require-hashes --no-deps -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/runtime

run: .venv/runtime
	@SANDBOX=$${SANDBOX:-1} exec .venv/bin/wiser-pas serve

demo: .venv/runtime
	@exec .venv/bin/wiser-pas demo

bench: .venv/runtime
	@exec .venv/bin/python scripts/bench.py

verdicts: .venv/development
	@exec .venv/bin/python scripts/verdicts.py $(ARGS)

fuzz: .venv/development
	@exec .venv/bin/python scripts/fuzz.py $(ARGS)

test: .venv/development
	@scripts/install-services
	@$(PYTEST) -m "not soak" -n auto --maxprocesses 4 --dist worksteal $(ARGS)

soak: .venv/development
	@scripts/install-services
	@SOAK=1 $(PYTEST) -m soak --timeout 3600 $(ARGS)

lint: .venv/development
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

coverage-of-rules: .venv/runtime
	@.venv/bin/python scripts/coverage_of_rules.py $(ARGS)

lock:
	@PYTHON=$(PYTHON) scripts/lock

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
