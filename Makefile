# Every target needs only Python >= 3.11: the first one makes a virtual environment in this folder.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs
SITE := docs/_build/html
OUT ?= demo
AXE := .npm/node_modules/axe-core/axe.min.js

.PHONY: help demo reproduce test lint docs axe benchmark clean

help:
	@echo "make demo        run all methods on the embedded sample and draw the figures (folder demo/)"
	@echo "make reproduce   the paper's comparison on BSDS500; says first what it costs:"
	@echo "                 make reproduce ARGS='--root DIR --limit 10 --preset quick'"
	@echo "make test        run the tests"
	@echo "make lint        ruff, mypy, and the order of imports"
	@echo "make docs        the documentation site, into $(SITE)"
	@echo "make axe         fetch axe-core from npm, with which tests look for faults of accessibility"
	@echo "make benchmark   measure speed and memory against the targets (PARTS='networks' for one)"
	@echo "make clean       remove the environment, the demo and caches"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; give one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

demo: $(READY)
	mkdir -p $(OUT)
	$(BIN)/bench run --methods all --n 50,100,200 --out $(OUT)/results.parquet
	$(BIN)/bench plot $(OUT)/results.parquet

reproduce: $(READY)
	$(BIN)/bench reproduce $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -n 4 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(DOCS_READY)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs $(SITE)
	$(BIN)/python docs/check.py $(SITE)

axe: $(AXE)

$(AXE):
	npm install --silent --no-save --prefix .npm axe-core@4.14.1

benchmark: $(READY)
	$(BIN)/python -m tests.benchmark $(PARTS)

clean:
	rm -rf $(VENV) $(OUT) .npm build dist *.egg-info docs/_build docs/methods docs/metrics
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
