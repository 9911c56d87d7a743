# Viva. `make` lists what can be asked for; everything else is made when it is missing or out of date.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

PYTHON := .venv/bin/python
PAGES := server/pages
BUILT := $(PAGES)/static/built/.stamp
LOCKED := pyproject.toml uv.lock .ci/environment

# The pages' TypeScript takes part as soon as it is there.
ifneq ($(wildcard $(PAGES)/package.json),)
PAGES_BUILT := $(BUILT)
PAGES_CHECKED := check-pages
PAGES_SOURCES := $(shell find $(PAGES) \( -name node_modules -o -path $(PAGES)/static/built \) -prune -o -type f \
	\( -name '*.ts' -o -name '*.mts' -o -name '*.js' -o -name '*.mjs' -o -name '*.css' -o -name '*.json' \) -print)
endif

# A virtual environment whose interpreter is gone, or that was moved here from another folder, is made anew.
ifneq ($(wildcard .venv),)
ifneq ($(shell $(PYTHON) -c '' 2>/dev/null && { test ! -f .venv/place || test "$$(cat .venv/place)" = "$(CURDIR)"; } && echo good),good)
STALE := stale
endif
endif

.PHONY: help run run-emulated test again check bench bench-pages bench-voice bench-http bench-observing bench-scoring chaos shots format pages clean lint types imports dependencies lock check-pages chromium stale

help: ## Say what can be asked for.
	@echo "Viva: usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

run: .venv/run.stamp $(PAGES_BUILT) ## Serve Viva on this machine: databases, server and worker; Ctrl-C ends it.
	@echo "Starting Viva; Ctrl-C stops it."
	@exec $(PYTHON) -m server run

run-emulated: .venv/dev.stamp $(PAGES_BUILT) ## Serve Viva with emulated vendors, to click through with sound and no keys.
	@echo "Starting Viva against emulators of its vendors; Ctrl-C stops it."
	@exec $(PYTHON) -m tests.emulators.running

# What waits for real sound, on a page or on a line: a machine with much else to do may be late with that.
IN_REAL_TIME := tests/browser tests/server/live tests/agents/test_spoken_conversation.py

test: .venv/dev.stamp $(PAGES_BUILT) chromium ## Run every test, three at a time.
	@echo "Running the tests; those that kill what they run against beside the others, for each of their files has one installation."
	@rm -rf .pytest_cache
	@$(PYTHON) -m pytest -p no:cacheprovider tests/chaos > .venv/chaos.log 2>&1 & killing=$$!; \
		$(PYTHON) -m pytest -n 3 --dist worksteal --ignore tests/chaos; status=$$?; \
		wait $$killing || killed=red; echo "Those that kill:"; cat .venv/chaos.log; \
		if [ $$status -eq 1 ]; then $(MAKE) again; status=$$?; fi; \
		[ $$status -eq 0 ] && [ -z "$$killed" ]

again: ## Run again, one by one, what failed in real time; whatever else failed stays so.
	@echo "Running again, alone, what failed while it waited for real sound among other tests:"
	@$(PYTHON) -m pytest --last-failed --last-failed-no-failures none --maxfail 3 $(IN_REAL_TIME) || [ $$? -eq 5 ]
	@$(PYTHON) -c 'import json; failed = json.load(open(".pytest_cache/v/cache/lastfailed")); print(*failed, sep="\n"); raise SystemExit(bool(failed))'

check: lint types imports dependencies lock $(PAGES_CHECKED) ## Check style, types, layers, dependencies and the lock.
	@echo "All checks hold."

bench: .venv/dev.stamp $(PAGES_BUILT) chromium ## Measure the figures of the README; one JSON object a line.
	@$(PYTHON) -m benchmarks

bench-pages: .venv/dev.stamp $(PAGES_BUILT) chromium ## Measure the pages alone: their weight, and how soon they can be used.
	@$(PYTHON) -m benchmarks pages

bench-voice: .venv/dev.stamp $(PAGES_BUILT) ## Measure spoken interviews, 25 in a process and 50 in two; about twelve minutes.
	@$(PYTHON) -m benchmarks voice

bench-http: .venv/dev.stamp $(PAGES_BUILT) ## Measure the API at 500 requests a second against two serving processes.
	@$(PYTHON) -m benchmarks http

bench-observing: .venv/dev.stamp $(PAGES_BUILT) ## Measure how soon those who watch an interview see what happens in it.
	@$(PYTHON) -m benchmarks observing

bench-scoring: .venv/dev.stamp $(PAGES_BUILT) ## Measure how well answers are scored, and how soon; about two minutes.
	@$(PYTHON) -m benchmarks.scoring
	@$(PYTHON) -m benchmarks shown

chaos: .venv/dev.stamp $(PAGES_BUILT) ## Kill processes, database and cache under fifty interviews: nothing may be lost.
	@$(PYTHON) -m benchmarks chaos

shots: .venv/dev.stamp $(PAGES_BUILT) chromium ## Take pictures of every page into shots/, with a sheet of all of them.
	@$(PYTHON) -m tests.browser.shots

format: .venv/dev.stamp ## Put the Python into its shape.
	@$(PYTHON) -m ruff check --fix --quiet .
	@$(PYTHON) -m ruff format .

pages: .venv/run.stamp $(PAGES_BUILT) ## Build the pages' TypeScript if it changed.
	@echo "The pages are built."

clean: ## Remove what was made: environment, caches, built pages. Interviews in .viva stay.
	@rm -rf .venv $(PAGES)/static/built $(PAGES)/node_modules dist
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find agents benchmarks prompts server storage tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed the virtual environment, the caches and the built pages."

lint: .venv/dev.stamp
	@echo "Checking the style (ruff)."
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --check --quiet . || \
		{ echo "Some files are not in shape: make format mends them."; exit 1; }

types: .venv/dev.stamp
	@echo "Checking the types (mypy)."
	@$(PYTHON) -m mypy --no-error-summary

imports: .venv/dev.stamp
	@echo "Checking the layers (import-linter)."
	@$(PYTHON) .venv/bin/lint-imports > .venv/imports.log 2>&1 || { cat .venv/imports.log; exit 1; }

dependencies: .venv/dev.stamp
	@echo "Checking the dependencies (deptry)."
	@$(PYTHON) -m deptry . > .venv/deptry.log 2>&1 || { cat .venv/deptry.log; exit 1; }

lock: .venv/dev.stamp
	@echo "Checking that uv.lock fits pyproject.toml."
	@.venv/tool/bin/uv lock --check --offline --quiet 2> .venv/lock.log || \
		{ echo "uv.lock does not fit pyproject.toml: .venv/tool/bin/uv lock mends it."; cat .venv/lock.log; exit 1; }

check-pages: $(PAGES)/node_modules/.stamp
	@echo "Checking the pages' types (TypeScript)."
	@.ci/node npm --prefix $(PAGES) run --silent check

chromium:
	@.ci/chromium

ifdef STALE
.venv/run.stamp .venv/dev.stamp: stale
stale:
	@echo "The virtual environment does not fit this folder or its Python is gone; making it anew."
	@rm -rf .venv
endif

.venv/run.stamp: $(LOCKED)
	@.ci/environment run

.venv/dev.stamp: $(LOCKED)
	@.ci/environment dev

$(PAGES)/node_modules/.stamp: $(PAGES)/package.json $(PAGES)/package-lock.json | .venv/run.stamp
	@echo "Installing what builds the pages (npm)."
	@.ci/node npm --prefix $(PAGES) ci --no-audit --no-fund --no-update-notifier --loglevel=error > /dev/null
	@touch $@

$(BUILT): $(PAGES)/node_modules/.stamp $(PAGES_SOURCES)
	@echo "Building the pages."
	@.ci/node npm --prefix $(PAGES) run --silent build > .venv/pages.log 2>&1 || { cat .venv/pages.log; exit 1; }
	@mkdir -p $(@D) && touch $@
