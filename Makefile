# make help lists what there is to do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

PORT ?= 8501
HOST ?= 127.0.0.1
PYTHON ?=
ARGS ?=
LOCKED ?=
export PYTHON LOCKED

python := .venv/bin/python
pages := $(wildcard streamlit_app.py pages/*.py)

.PHONY: help run test test-slow faults reliability lint format screenshots goldens formats setup clean fuzz

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo "Variables: PORT=8501, HOST=127.0.0.1 (0.0.0.0 serves other machines too), PYTHON=/path/to/python3.12, ARGS='more words for pytest',"
	@echo "LOCKED=1 (for make run: exactly the versions of the lock file, each checked by its hash),"
	@echo "SEGDETECT_ROOTS=/data:/more (folders that visitors may read; your home if left out, none for other machines)"

run: ## Install what is needed, then open the dashboard
	@scripts/setup.sh run
	@exec $(python) scripts/start.py --host $(HOST) --port $(PORT)

workers := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
test: ## Install what is needed, a browser included, then run the tests
	@scripts/setup.sh dev
	@$(python) scripts/browser.py
	@$(python) -m pytest -m 'not slow' $(workers) $(ARGS)

test-slow: ## Run the tests of long ways through the dashboard, which make test leaves out
	@scripts/setup.sh dev
	@$(python) scripts/browser.py
	$(python) -m pytest -m slow $(workers) $(ARGS)

faults: ## Kill, starve, cut off and fill up all that can be, and see that each is survived
	@scripts/setup.sh dev
	@$(python) scripts/browser.py
	$(python) -m pytest tests/faults $(ARGS)

reliability: ## Survive faults, hostile input, load and long work, and write docs/reliability.md: PARTS='load endurance' for some
	@scripts/setup.sh dev
	@$(python) scripts/browser.py
	@$(python) -m scripts.reliability $(PARTS)

fuzz: ## Try hostile input on every way in: SECONDS=600 or INPUTS=20000; SEED=n tries the same again; findings are kept in out/fuzz
	@scripts/setup.sh dev
	@$(python) -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS)) \
	    $(if $(INPUTS),--inputs $(INPUTS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: ## Check format, style, types and the direction of imports
	@scripts/setup.sh dev
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy --strict segdetect scripts $(pages)
	$(python) -c 'import sys; from importlinter.cli import lint_imports_command as check; sys.exit(check())'

format: ## Put the code into the house format
	@scripts/setup.sh dev
	$(python) -m ruff format .
	$(python) -m ruff check --fix .

screenshots: ## Take the pictures of README.md and docs/method.md anew
	@scripts/setup.sh dev
	@$(python) scripts/browser.py
	$(python) -m scripts.previews
	$(python) -m scripts.method_pictures
	$(python) -m scripts.screenshots
	$(python) -m scripts.screens

goldens: ## Take the pictures that the tests compare the pages with anew; look at each
	@scripts/setup.sh dev
	@$(python) scripts/browser.py
	TAKE_GOLDENS=1 $(python) -m pytest tests/browser/test_golden.py

formats: ## Read a file of each kind and write docs/formats.md anew; look at what changed
	@scripts/setup.sh dev
	TAKE_FORMATS=1 $(python) -m pytest tests/unit/pictures/test_formats_page.py

setup: ## Install everything again, the parts that could not be installed before included
	@scripts/setup.sh dev --force

# They are in no other environment: what they need has nothing to do with what they look at.
tools := .venv-tools/bin
$(tools)/.ready: requirements-tools.txt
	@scripts/setup.sh run
	@$(python) -m venv --clear .venv-tools && $(tools)/python -m pip install --quiet -r requirements-tools.txt && touch $@

.PHONY: audit lock
audit: $(tools)/.ready ## Ask a database of advisories about every locked version; SECURITY.md has those that are accepted
	@$(python) scripts/audit.py $(ARGS)

lock: $(tools)/.ready ## Write the lock files anew, from the package index that this machine is set up for
	@for version in 3.11 3.12 3.13 3.14; do \
	    $(tools)/uv pip compile --quiet --upgrade --generate-hashes --only-binary :all: --no-header --no-annotate \
	        --python-version $$version --python-platform x86_64-manylinux_2_31 --output-file requirements.lock-$$version.txt \
	        requirements.txt requirements-dinov2.txt || exit; \
	done
	@for version in 3.11 3.12; do \
	    $(tools)/uv pip compile --quiet --upgrade --generate-hashes --only-binary :all: --no-header --no-annotate \
	        --python-version $$version --python-platform x86_64-manylinux_2_31 \
	        --output-file requirements-fastdup.lock-$$version.txt requirements-fastdup.txt || exit; \
	done

clean: ## Remove the environment and all caches
	rm -rf .venv .venv-tools build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: benchmark
benchmark: ## Measure engines, scopes and rules: DATASET=folder with masks
	@scripts/setup.sh run
	@$(python) benchmarks/detection.py $(if $(DATASET),"$(DATASET)") $(ARGS)
