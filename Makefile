# make demo: the main job, with a simulated store · make test · make check · make bench · make bench-peers · make torture ·
# make simulate · make simulate-hour · make score · make lock
# Every target sets up what it needs in .venv; nothing is installed outside this folder but Debian packages for the browser test.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB_SOURCES := $(shell find collector/web -type f -not -path '*/node_modules/*' -not -path '*/dist/*')

.PHONY: demo test check bench bench-peers simulate simulate-hour torture score lock format clean

demo: $(VENV)/installed
	@$(BIN)/simulate demo

test: $(VENV)/installed $(VENV)/debian
	$(BIN)/pytest --numprocesses 2 --dist loadfile

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/fault-rules check
	$(BIN)/fault-rules test
	$(BIN)/python hatch_build.py check

bench: $(VENV)/installed $(VENV)/debian
	$(BIN)/python -m tests.bench

# Node-RED, thingsboard-gateway (into build/peers) and collectd (from Debian) polling the same devices beside ours.
bench-peers: $(VENV)/installed
	$(BIN)/python -m tests.bench.rivals
	$(BIN)/python -m tests.bench peers

# One run of the deterministic simulation, repeated exactly by its seed; `make simulate-hour` tries new seeds for an hour.
SEED ?= 1
DAYS ?= 20
simulate: $(VENV)/installed
	$(BIN)/python -m tests.simulation --seed $(SEED) --days $(DAYS)

simulate-hour: $(VENV)/installed
	$(BIN)/python -m tests.simulation --hours 1

# Kills, power cuts and failing disks for many rounds: prints a table, writes build/torture.json. At most 90 minutes.
torture: $(VENV)/installed
	$(BIN)/python -m tests.torture

# A fleet of simulated stores with known faults through the rules: the table of kinds, the bars, build/score.json.
score: $(VENV)/installed
	$(BIN)/simulate fleet --seeds judging --out build/score.json

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Hashes and versions only: no address of a registry may stand in a tracked file.
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-header --universal \
  --python-version 3.11 --no-emit-package storewarden pyproject.toml
lock: $(VENV)/installed
	$(LOCK) --extra dev -o requirements/dev.txt
	$(LOCK) --extra agent -o requirements/agent.txt
	$(LOCK) --extra collector -o requirements/collector.txt

$(VENV)/installed: requirements/dev.txt pyproject.toml hatch_build.py $(WEB_SOURCES)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/debian-packages python3-venv
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# chromium shows the page to the browser test, with fonts for Chinese; systemd-analyze judges the units; victoria-metrics
# is the server that takes InfluxDB's writes.
$(VENV)/debian: $(VENV)/installed Makefile
	@command -v chromium >/dev/null && command -v systemd-analyze >/dev/null && command -v victoria-metrics >/dev/null || \
	  .ci/debian-packages chromium fonts-noto-cjk systemd victoria-metrics
	@touch $@

clean:
	rm -rf $(VENV) build dist var collector/web/dist collector/web/node_modules
