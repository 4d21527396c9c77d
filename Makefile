# make demo | test | soak | check | serve | bench | lock          (ONCE=1 lets the demo end after its story)
VENV   ?= .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.runtime
DEV    := $(VENV)/.dev
LOCKER := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml

# Where eight gigabytes of memory are a file system that programs may be started from.
IN_MEMORY := [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 8000000 ] 2>/dev/null && ! grep -q '/dev/shm .*noexec' /proc/mounts && export TMPDIR=/dev/shm

.PHONY: demo test soak check serve bench lock format clean
.DEFAULT_GOAL := test

# One virtual environment from the hash-locked requirements; nothing is installed outside it.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
$(STAMP): $(VENV)/bin/python requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@touch $@
$(DEV): $(STAMP) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

demo: $(STAMP)
	$(BIN)/python -m gateway demo $(if $(ONCE),--once)

serve: $(STAMP)
	$(BIN)/python -m gateway serve

# File by file, by one worker more than there are cores, since each of them waits now and then; each has a PostgreSQL of its
# own. Their databases stand in memory where there is room for them, since what most tests wait for is the disk; and what
# was compiled once is kept for the processes that they start.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(DEV)
	$(IN_MEMORY); \
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

# Two hundred kills, crashes, stops and cut connections on each database, under load; most of an hour.
soak: $(DEV)
	SOAK_ROUNDS=200 $(BIN)/python -m pytest -q -s tests/e2e/test_soak.py

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(DEV)
	$(BIN)/python -m bench

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Hashes and no URL; needs uv on the PATH of the person who locks.
lock:
	$(LOCKER) -o requirements.lock
	$(LOCKER) --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
