# make demo: the main job, with a simulated store · make test · make check · make bench · make lock
# Every target sets up what it needs in .venv; nothing is installed outside this folder but Debian packages for the browser test.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB_SOURCES := $(shell find collector/web/src -type f 2>/dev/null) $(wildcard collector/web/*.json collector/web/*.ts collector/web/*.html)

.PHONY: demo test check bench lock format clean

demo: $(VENV)/installed
	@$(BIN)/simulate demo

test: $(VENV)/installed $(VENV)/browser
	$(BIN)/pytest

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/fault-rules check
	$(BIN)/fault-rules test
	$(BIN)/python hatch_build.py check

bench: $(VENV)/installed
	$(BIN)/python -m tests.bench

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Hashes and versions only: no address of a registry may stand in a tracked file.
lock: $(VENV)/installed
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	  --python-version 3.11 --extra dev pyproject.toml --no-emit-package storewarden -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	  --python-version 3.11 --extra agent pyproject.toml --no-emit-package storewarden -o requirements/agent.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	  --python-version 3.11 --extra collector pyproject.toml --no-emit-package storewarden -o requirements/collector.txt

$(VENV)/installed: requirements/dev.txt pyproject.toml hatch_build.py $(WEB_SOURCES)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/debian-packages python3-venv
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/browser: $(VENV)/installed
	@command -v chromium >/dev/null || .ci/debian-packages chromium fonts-noto-cjk
	@touch $@

clean:
	rm -rf $(VENV) build dist var collector/web/dist collector/web/node_modules
