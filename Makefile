# `make` alone lists what there is. PYTHON=… chooses the interpreter; ARGS=… is passed on.
VENV := .venv
BIN := $(VENV)/bin
BENCHES := $(filter-out runner,$(basename $(notdir $(wildcard bench/*.py))))
REQUIREMENTS := requirements.txt requirements-dev.txt constraints.txt

.PHONY: help install demo serve test check test-all bench soak clean
.DEFAULT_GOAL := help

help: ## list these
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

install: $(VENV)/installed ## .venv with the pinned requirements; the others call it

$(VENV)/installed: $(REQUIREMENTS)
	@tools/install.sh $(VENV)

demo: install ## the whole job on a sample, then a broken file; ends by itself in under a minute
	@$(BIN)/python -m local demo $(ARGS)

serve: install ## host on 7071, database on 8081, inbox on 8025, data in .local/; Ctrl-C ends it
	@$(BIN)/python -m local serve $(ARGS)

test: install ## every test; at most 10 minutes on 2 cores
	@$(BIN)/python -m pytest $(ARGS)

check: install ## lint, format, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/python -m pytest tests/unit/test_rules.py tests/unit/test_structure.py

test-all: test ## also the unit tests on Python 3.12 and 3.13, where those are on the machine
	@tools/test_versions.sh 3.12 3.13

bench: install ## every bench, kept in bench/results/; ARGS=--quick is shorter and keeps nothing
	@set -e; for bench in $(BENCHES); do $(BIN)/python -m bench.$$bench $(ARGS); done

soak: install ## the long search for faults, for hours; SOAK_SEEDS=10000 SOAK_KILLS=1000; ends with one JSON object
	@$(BIN)/python -m tests.soak $(ARGS)

clean: ## remove caches and the data of `make serve`; .venv and local.settings.json stay
	@rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
