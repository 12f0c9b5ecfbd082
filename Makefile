# The doors into this project; `make help` lists them. Setting names given after `make run` (PORT=, HOST=, DEMO_NOW=) reach the program.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

BIN := .venv/bin
READY := .venv/.ready
READY_FOR_TESTS := .venv/.ready-for-tests
BROWSER_TOOLS := node_modules/.package-lock.json
BENCH_TOOLS := benchmarks/node_modules/.package-lock.json
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/messages.po))
KEYWORDS := -k lazy_gettext -k lazy_ngettext:1,2
# Twice as many test processes as cores: half their time they wait for a browser or for seconds to pass.
# `make test WORKERS=0` runs all in one.
WORKERS ?= $(shell echo $$(( $$(nproc) * 2 )))
# `make test ORDER=7` (or any other number) tells every story after another one than usual: slower, and finds what leans on an order.
SHUFFLED = $(if $(ORDER),--random-order-bucket=global --random-order-seed=$(ORDER))

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Whatever the machine says: what Python compiled is kept, or each test process compiles it anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/ ·/' | sort

$(BIN)/python:
	@python="$$(scripts/find-python)"; "$$python" -m venv .venv

$(READY): requirements.txt | $(BIN)/python
	@echo "Installing the packages (once)"
	@$(BIN)/python -m pip install -qq --no-compile --require-hashes -r requirements.txt
	@touch $@

$(READY_FOR_TESTS): requirements-dev.txt | $(READY)
	@echo "Installing the packages for tests (once)"
	@$(BIN)/python -m pip install -qq --no-compile --require-hashes -r requirements-dev.txt
	@touch $@

$(BROWSER_TOOLS): package.json package-lock.json | system-tools
	@npm ci --silent --no-audit --no-fund
	@touch $@

$(BENCH_TOOLS): benchmarks/package.json benchmarks/package-lock.json | system-tools
	@npm ci --prefix benchmarks --silent --no-audit --no-fund
	@touch $@

%.mo: %.po | $(READY)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

.PHONY: catalogues
catalogues: $(CATALOGUES)

.PHONY: run
run: $(READY) catalogues  ## set up what is missing, then serve the demo on http://127.0.0.1:8000 (PORT=, HOST=); Ctrl-C stops it
	@exec scripts/run-demo

.PHONY: test-tools
test-tools: $(READY_FOR_TESTS) system-tools $(BROWSER_TOOLS) catalogues

.PHONY: system-tools
system-tools:
	@scripts/install-test-tools

.PHONY: lint
lint: $(READY_FOR_TESTS)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

.PHONY: types
types: $(READY_FOR_TESTS)
	@$(BIN)/mypy

.PHONY: compiled-tests
compiled-tests: $(READY_FOR_TESTS)
	@said="$$($(BIN)/python -m pytest --collect-only -qq 2>&1)" || { echo "$$said" | tail -n 60; exit 1; }

.PHONY: all-tests
all-tests: test-tools compiled-tests
	@TMPDIR="$$(scripts/fast-temporary-folder)" $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(SHUFFLED)

.PHONY: test
test:  ## format, lint, types, translations and all tests, on both databases and in a real browser (ORDER=number: shuffled)
	@$(MAKE) --no-print-directory -j4 lint types all-tests

.PHONY: bench
bench: $(READY_FOR_TESTS) system-tools $(BROWSER_TOOLS) $(BENCH_TOOLS) catalogues  ## figures beside their floors (ONLY=name for one)
	@$(BIN)/python -m benchmarks $(ONLY)

.PHONY: chaos
chaos: test-tools  ## break the program on purpose and count its promises (TIER=smoke|standard|nightly, SEED=, ONLY=name)
	@TMPDIR="$$(scripts/fast-temporary-folder)" TIER="$(TIER)" SEED="$(SEED)" ONLY="$(ONLY)" $(BIN)/python -m chaos

.PHONY: translations
translations: $(READY_FOR_TESTS)  ## take new sentences into the catalogues and compile them
	@template="$$(mktemp)"; trap 'rm -f "$$template"' EXIT
	$(BIN)/pybabel --quiet extract --mapping pyproject.toml $(KEYWORDS) --no-location --sort-output --project diem-tua --output-file "$$template" counseling
	mkdir -p translations
	test -e translations/en || $(BIN)/pybabel --quiet init --no-wrap --input-file "$$template" --output-dir translations --locale en
	$(BIN)/pybabel --quiet update --input-file "$$template" --output-dir translations --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date
	$(MAKE) --no-print-directory catalogues

.PHONY: format
format: $(READY_FOR_TESTS)  ## format, and mend what the linter can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

.PHONY: lock
lock: $(READY_FOR_TESTS)  ## write the pinned requirements anew from the *.in files (UPGRADE=--upgrade moves every pin)
	@for name in requirements requirements-dev; do
		$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header $(UPGRADE) \
			--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file $$name.txt $$name.in
	done
