# Everything is installed into .venv from the committed locks, every file checked by its hash.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WHEELS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet $(if $(WHEELS),--no-index --find-links $(WHEELS))

.PHONY: install demo test check bench-scale bench-ledger bench-door fuzz wheelhouse lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.check: $(VENV)/.installed requirements-check.lock
	$(PIP) --require-hashes -r requirements-check.lock
	@touch $@

demo: install
	@$(BIN)/python -m fixtures.demo

test: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist loadfile

check: test

bench-scale: install
	@$(BIN)/python tests/bench/scale.py

bench-ledger: install bench-door
	@PYTHONPATH=. $(BIN)/python tests/bench/ledger.py $(ENTRIES)

bench-door: install
	@PYTHONPATH=. $(BIN)/python tests/bench/door.py $(ARTIFACTS)

wheelhouse: $(VENV)/.check
	$(BIN)/python -m pip --disable-pip-version-check download --quiet --require-hashes -d wheelhouse -r requirements.lock -r requirements-check.lock

lock:
	uv pip compile --quiet --generate-hashes --python-version 3.11 --group build pyproject.toml -o requirements.lock
	uv pip compile --quiet --generate-hashes --python-version 3.11 --group check -c requirements.lock pyproject.toml -o requirements-check.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info wheelhouse
