# Every target needs only Python >= 3.11: the first one makes a virtual environment in this folder.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs
SITE := docs/_build/html
OUT ?= demo
RUNS ?= reference
SPLIT ?= test
COMPARED = --methods all --preset quick --n 25,50,100,200,400,800 --dataset bsds500 --split $(SPLIT) \
	--timeout 600
AXE := .npm/node_modules/axe-core/axe.min.js

.PHONY: help demo reproduce reference check-gpu test lint docs axe benchmark clean

help:
	@echo "make demo        run all methods on the embedded sample and draw the figures (folder demo/)"
	@echo "make reproduce   the paper's comparison on BSDS500; says first what it costs:"
	@echo "                 make reproduce ARGS='--root DIR --limit 10 --preset quick'"
	@echo "make reference   run all methods on BSDS500, and write the scores that come with the suite:"
	@echo "                 make reference SPLIT=test ARGS='--root DIR'; again with TIMES=20 for times"
	@echo "make check-gpu   try the networks on an NVIDIA GPU, in ten minutes at most (folder gpu/)"
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

# A run continues where it was interrupted; failed cells (status 2) are rows like others. Times of
# TIMES images come along where they have been taken, on a machine that does nothing else. Where
# less was run (--limit, --split in ARGS) than the file that is there has, condensing refuses.
reference: $(READY)
	mkdir -p $(RUNS)
	$(BIN)/bench run $(COMPARED) --out $(RUNS)/$(SPLIT).parquet $(ARGS) || [ $$? -eq 2 ]
	$(if $(TIMES),$(BIN)/bench run $(COMPARED) --limit $(TIMES) --spread --timing \
		--out $(RUNS)/$(SPLIT)-times.parquet $(ARGS) || [ $$? -eq 2 ])
	times=$(RUNS)/$(SPLIT)-times.parquet; $(BIN)/bench condense $(RUNS)/$(SPLIT).parquet \
		--out reports/reference/bsds500-$(SPLIT).parquet $$(test -f $$times && echo --times $$times)

check-gpu: $(READY)
	$(BIN)/python -m tests.gpu $(ARGS)

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
	rm -rf $(VENV) $(OUT) .npm build dist *.egg-info docs/_build docs/methods docs/metrics docs/explore
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
