# Every target makes what it needs first; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help fuzz bootstrap lint unit integration test test-long demo bench-drain bench-migration bench-lint lint-truth \
	lock build matrix clean

MODE ?= rolling
VENV ?= build/venv
ARGS ?=
export VENV ARGS
# haproxy and the like are there, but not on every user's path
export PATH := $(PATH):/usr/sbin:/sbin
# ansible does not flush what it writes into a pipe
export PYTHONUNBUFFERED := 1
export PYTHONPATH := $(CURDIR)/build/collections:$(CURDIR)/tests
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
PYTHON_IN_VENV = $(VENV)/bin/python

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap:  ## Install packages and the virtual environment in build/venv (every other target does it first)
	@scripts/bootstrap

lint: bootstrap  ## ruff, mypy --strict, ansible-lint (production), yamllint, ansible-test sanity with no ignore file
	@scripts/lint

unit: bootstrap  ## Unit tests (ARGS= for pytest)
	@scripts/pytest tests/unit $(ARGS)

integration: bootstrap  ## The real modules and playbooks against the lab (ARGS= for pytest)
	@scripts/pytest tests/integration $(ARGS)

test: bootstrap  ## lint, unit and integration: all that has to pass
	@scripts/test

test-long: bootstrap  ## The integration tests that make test leaves out: more of the kinds that it has (ARGS= for pytest)
	@scripts/pytest tests/integration -m long $(ARGS)

demo: bootstrap  ## Upgrade two web servers and their database under load: MODE=rolling, naive, broken, cookie or reload
	@$(PYTHON_IN_VENV) -m lab.demo --mode $(MODE) $(ARGS)

bench-drain: bootstrap  ## What a drain costs, and what each shortcut loses
	@$(PYTHON_IN_VENV) tests/benchmarks/drain.py $(ARGS)

bench-migration: bootstrap  ## How long migrations take, by number of scripts
	@$(PYTHON_IN_VENV) tests/benchmarks/migration.py $(ARGS)

bench-lint: bootstrap  ## How long the migration linter takes, and what it finds
	@$(PYTHON_IN_VENV) tests/benchmarks/lint.py $(ARGS)

lint-truth: bootstrap  ## Lint's answers beside what the former release meets, all combinations (ARGS="--count 100 --seed 1")
	@$(PYTHON_IN_VENV) -m integration.lint_truth.series $(ARGS)

lock:  ## Pin the newest Python packages with their hashes: requirements-dev.lock and requirements.lock
	@scripts/lock

fuzz: bootstrap  ## Every parser that reads from outside, a million inputs (ARGS="--count 10000 --seed 1 --parser HTTP")
	@$(PYTHON_IN_VENV) -W ignore -m fuzz.run $(ARGS)

build: bootstrap  ## The collection as a tarball in build/dist, without tests, with its SBOM and checksums
	@scripts/build

matrix: bootstrap  ## The suite on the oldest and newest supported ansible-core (ARGS= replaces the list of tests)
	@scripts/matrix

clean:  ## Remove build/ and caches (the packages that were installed stay)
	@scripts/clean
