# `make` alone lists the commands. PYTHON=… chooses the interpreter; ARGS=… is passed on.
VENV := .venv
BIN := $(VENV)/bin
BENCHES := $(filter-out runner,$(basename $(notdir $(wildcard bench/*.py))))
REQUIREMENTS := requirements-dev.txt
# Most end-to-end tests wait, so there are more workers than cores; a file's tests share what they start.
PARALLEL := -n 4 --dist loadfile

# Tests start the app hundreds of times. Where this is set, each start would compile all modules again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install lock demo serve test test-browser test-fast check infra test-all bench soak screens recording sizes api clean
.DEFAULT_GOAL := help

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

install: $(VENV)/installed ## make .venv with the pinned requirements; the other commands call it

$(VENV)/installed: $(REQUIREMENTS) pyproject.toml
	@tools/install.sh $(VENV)

lock: install ## make requirements*.txt from requirements*.in again, pinned with hashes; ARGS=--upgrade takes newer versions
	@for name in requirements requirements-dev; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-annotate $(ARGS) $$name.in -o $$name.txt || exit 1; done

demo: install ## run the whole job on a sample, then on a broken file; ends by itself in under a minute
	@$(BIN)/python -m local demo $(ARGS)

serve: install ## run host on 7071, database on 8081, inbox on 8025, data in .local/; Ctrl-C ends it
	@$(BIN)/python -m local serve $(ARGS)

test: install ## run the tests but those of the page, in eight minutes on 2 cores; ARGS="tests/unit -k name" runs these alone
	@$(BIN)/python -m pytest $(or $(ARGS),$(PARALLEL) --ignore tests/browser)

test-browser: install ## run the tests of the page, which need Chromium
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/browser

test-fast: install ## run the unit and contract tests, in about two minutes
	@$(BIN)/python -m pytest $(PARALLEL) tests/unit tests/contract $(ARGS)

check: install ## check lint, format, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/python -m pytest tests/unit/test_rules.py tests/unit/test_structure.py

infra: ## build and lint the Bicep files; a warning fails it; BICEP=… names the compiler
	@tools/check_infra.sh infra

test-all: test ## also run the unit tests on Python 3.12 and 3.13, if they are installed
	@tools/test_versions.sh 3.12 3.13

bench: install ## run every bench and keep the results in bench/results/; ARGS=--quick is shorter and keeps nothing
	@set -e; for bench in $(BENCHES); do $(BIN)/python -m bench.$$bench $(ARGS); done
	@$(BIN)/python -m bench.reporting.performance_page

soak: install ## search for faults for hours; SOAK_SEEDS=10000 SOAK_KILLS=1000; prints one JSON object at the end
	@$(BIN)/python -m tests.soak $(ARGS)

screens: install ## make the pictures of docs/screens again, in a minute or two; needs Chromium
	@$(BIN)/python -m tools.screens

recording: install ## record the command's watch of a run as text in docs/command.md again, in a minute or two
	@$(BIN)/python -m tools.recording

sizes: ## show the size of the code by area
	@$(BIN)/python tools/size_table.py

api: install ## write docs/api.md from tools/api.md.j2 and the description of the API
	@$(BIN)/python -m tools.write_api_page

clean: ## remove caches and the data of `make serve`; .venv and local.settings.json stay
	@rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
