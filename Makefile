# Every target does its own set-up: a Python of at least 3.11 and make are enough.
# Another Python: make test PYTHON=python3.13

PYTHON ?= python3
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
ROOMS := command model solver properties reports examples
FILES := $(VENV)/vmproof-files
INSTALLED := $(VENV)/vmproof-installed

.DELETE_ON_ERROR:
.PHONY: run test campaign bench clean always

run: $(INSTALLED)
	$(BIN)/vmproof demo

test: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/mypy -p vmproof
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

# All tests with many more examples, and with the long hunts that `make test` leaves out.
campaign: $(INSTALLED)
	VMPROOF_PROFILE=campaign $(BIN)/pytest -n $(WORKERS) --dist loadgroup -m ""

bench: $(INSTALLED)
	@set -e; for script in $(sort $(wildcard benchmarks/bench_*.py)); do \
		echo "$$script"; $(BIN)/python "$$script"; \
	done

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(ROOMS) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
		"vmproof needs Python 3.11 or newer, this is %s: say make PYTHON=python3.11" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

# The strict editable install links every file by name, so that mypy sees the package too;
# it is renewed when files come or go, and left alone when their contents change.
$(INSTALLED): pyproject.toml $(FILES) | $(BIN)/pip
	$(BIN)/python -m pip install --quiet "setuptools>=77"
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-build-isolation \
		--config-settings editable_mode=strict --editable ".[test]"
	@touch $@

$(FILES): always | $(BIN)/pip
	@find $(ROOMS) -name '*.py' -o -name py.typed -o -name '*.css' | LC_ALL=C sort > $@.now
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi
