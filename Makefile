# Every target works in the checkout's own virtual environment and makes it first where that is needed.
# Written for the make and sh of a bare Debian; `make` alone lists the targets.

PYTHON ?= python3
ARGS ?=
# `make test MEASURE=yes` measures the coverage too and wants its floor: that takes twice as long.
MEASURE ?=
# Seconds that `make fuzz` spends on each parser.
FUZZ_SECONDS ?= 60
# `make lock UPGRADE=--upgrade` takes newer versions; without it the lock files keep what they name.
UPGRADE ?=

# Not taken from the environment: a virtual environment of the caller's is never touched.
VENV := .venv
BIN := $(VENV)/bin
SOURCES := sdk relay bots bridges tests
PARALLEL := --numprocesses auto --dist worksteal
LONG := --hypothesis-profile thorough --timeout 900
TEXTS := $(SOURCES) docs Makefile pyproject.toml $(wildcard *.md)

# An environment is complete once it holds a stamp with the checksum of its lock file.
stamp = $(VENV)/.$(1)-$(shell cksum < $(2) | tr ' ' '-')
DEMO := $(call stamp,demo,requirements-demo.lock)
DEV := $(call stamp,dev,requirements.lock)
FUZZ := $(call stamp,fuzz,requirements-fuzz.lock)
PACKAGE := $(VENV)/.package
# What the client in JavaScript among the tests needs; nothing without npm, and its tests are skipped.
NODE := build/javascript
NODE_LOCK := tests/together/javascript/package-lock.json
NODE_STAMP := $(if $(shell command -v npm),$(NODE)/.packages-$(shell cksum < $(NODE_LOCK) | tr ' ' '-'))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
INSTALL := $(PIP) install --require-hashes

unexport PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo install javascript test check lint types imports unit test-slow fuzz bench format pictures describe catalogues lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{ printf "%-17s %s\n", $$1, $$2 }'

demo: $(DEMO) $(PACKAGE) ## start a relay and a bot here and talk to it: make demo ARGS="--say hello"
	@$(BIN)/graphchat demo $(ARGS)

install: $(DEV) $(PACKAGE) ## make the environment for development

javascript: $(NODE_STAMP) ## fetch what the client in JavaScript among the tests needs, if there is npm

test: check unit ## run all checks and the tests; with MEASURE=yes, and their coverage

check: lint types imports ## run all checks but the tests

lint: install
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/codespell $(TEXTS)

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

unit: install javascript
ifeq ($(MEASURE),)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)
else
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL) $(ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
endif

test-slow: install javascript ## run the tests that take minutes, and those by examples with many more of them
	$(BIN)/python -m pytest -m "(slow or hypothesis) and not alone" --numprocesses logical --dist worksteal $(LONG) $(ARGS)
	$(BIN)/python -m pytest -m "slow and alone" $(LONG) $(ARGS)

fuzz: install $(FUZZ) ## fuzz every parser for FUZZ_SECONDS each
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(ARGS)

bench: install ## measure speed; prints a table and writes build/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

format: install ## format the code and mend what ruff can mend
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

pictures: install ## play the scenes of the guide and draw its pictures anew
	@$(BIN)/python -m tests.tour

describe: install ## write docs/openapi.json, docs/asyncapi.json and docs/bots/reference.md anew from the code
	$(BIN)/graphchat relay describe rest > docs/openapi.json
	$(BIN)/graphchat relay describe socket > docs/asyncapi.json
	$(BIN)/python -m tests.reference > build/reference.md && mv build/reference.md docs/bots/reference.md

catalogues: install ## collect the texts that bots say for translators, and compile what they have written
	$(BABEL) extract -F bots/babel.cfg -k marked -c Translators: --no-location --sort-output \
		--project graphchat --copyright-holder "The graphchat authors" -o $(CATALOGUES)/graphchat_bots.pot bots/graphchat_bots
	$(BABEL) update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 99 \
		-i $(CATALOGUES)/graphchat_bots.pot -d $(CATALOGUES) -D graphchat_bots
	$(BABEL) compile -d $(CATALOGUES) -D graphchat_bots

BABEL = $(BIN)/pybabel --quiet
CATALOGUES = bots/graphchat_bots/locale

# The locks hold for every platform (`--universal`); markers in them tell where a line applies.
lock: ## write the lock files anew from pyproject.toml
	@test -x build/lock/bin/uv || { $(PYTHON) -m venv build/lock && build/lock/bin/python -m pip -qq install 'uv>=0.13'; }
	@$(call project,["build-system"]["requires"]) \
		| $(COMPILE) -o requirements.lock --extra dev pyproject.toml - >/dev/null
	@$(call project,["build-system"]["requires"]) \
		| $(COMPILE) -o requirements-demo.lock --extra relay --extra bots -c requirements.lock pyproject.toml - >/dev/null
	@$(call project,["project"]["optional-dependencies"]["fuzz"]) \
		| $(COMPILE) -o requirements-fuzz.lock - >/dev/null

project = $(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))$(1), sep="\n")'
COMPILE = build/lock/bin/uv pip compile $(UPGRADE) --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-strip-extras --custom-compile-command 'make lock'

clean: ## delete the environment, caches and everything built
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(SOURCES) -type d -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "$(PYTHON) is missing or older than 3.11: apt-get install python3 python3-venv, or name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

$(DEMO): | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV); this happens once." >&2
	@$(INSTALL) -r requirements-demo.lock
	@rm -f $(VENV)/.demo-* && touch $@

$(DEV): | $(BIN)/python
	@echo "Installing what development needs into $(VENV); this happens once." >&2
	@$(INSTALL) -r requirements.lock
	@rm -f $(VENV)/.dev-* && touch $@

$(FUZZ): | $(BIN)/python
	@$(INSTALL) -r requirements-fuzz.lock
	@rm -f $(VENV)/.fuzz-* && touch $@

$(NODE_STAMP):
	@rm -rf $(NODE) && mkdir -p $(NODE)
	@cp tests/together/javascript/package.json $(NODE_LOCK) $(NODE)
	@cd $(NODE) && npm ci --silent --ignore-scripts --omit=dev --no-audit --no-fund
	@touch $@

# Commands and plug-ins are registered by installing; code is used where it lies.
$(PACKAGE): pyproject.toml | $(BIN)/python
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
