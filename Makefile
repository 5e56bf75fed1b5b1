# Everything happens in .venv, made from requirements.lock; nothing is installed anywhere else.
#
#   PYTHON=/path/to/python3.12   the Python that a new .venv is made with
#   PORT=5001                    where `make ui` listens
#   WORKERS=1                    processes that share the tests
#   MODEL=name/1                    which registered model `make serve` serves
#   NAME=xor                     which benchmark to run
#   UPGRADE=1                    `make lock` takes the newest versions instead of keeping the old

.DEFAULT_GOAL := help
.PHONY: help run ui serve test quick lint format docs benchmark lock clean

PYTHON ?=
PORT ?= 5000
NAME ?= xor
WORKERS ?= 2
MARK := .venv/.folder
STAMP := .venv/.installed
IN := .venv/bin
SAY := @echo '=='

export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export DVC_NO_ANALYTICS := true
export TF_CPP_MIN_LOG_LEVEL := 2

# Sets $$python to the first supported Python, or ends with one line. Beyond 3.13 TensorFlow has no
# wheel, so that there is the core alone: pip install stochgrad.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
define find_python
	set -- $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python); \
	python=; for candidate; do \
		if "$$candidate" -c '$(SUPPORTED)' >/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11, 3.12 or 3.13 is needed, and none of these is one: $$*." \
			'Install one, or name it: make PYTHON=/path/to/python3.12' >&2; exit 1; fi
endef

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r target text; do \
		printf '  make %-10s %s\n' "$$target" "$$text"; done

FIRST := -m estimator=quadratic,analytic export=false
run: $(STAMP)  ## a first result, then all that needs no download, told in two pages (minutes)
	$(SAY) 'XOR, trained with estimated derivatives and with exact ones: python -m src.run $(FIRST)'
	@$(IN)/python -m src.run $(FIRST)
	$(SAY) 'All that the pages show, measured: python -m pipelines'
	@$(IN)/python -m pipelines
	$(SAY) 'Done. Open in a browser:'
	@echo '  report/guide/index.html   what stochastic derivatives are, with these numbers'
	@echo '  report/digits/index.html  the report: every figure, table and run'
	@echo 'Every run is on record; to look at them: make ui'

ui:  ## MLflow's pages about the recorded runs, on this machine only (PORT=5000)
	@if [ -z "$$MLFLOW_TRACKING_URI" ] && [ ! -s mlflow.db ]; then \
		echo 'nothing recorded yet: make run'; exit 1; fi
	@$(MAKE) -s $(STAMP)
	@exec $(IN)/python -m src.serve "$(PORT)"

serve: $(STAMP)  ## a registered model over HTTP, on this machine only (MODEL=name/version PORT=5000)
	@if [ -z "$(MODEL)" ]; then \
		echo 'Say which: make serve MODEL=name/version; python -m src.run register=name makes one' >&2; \
		exit 2; fi
	@exec $(IN)/python -m src.serve "$(PORT)" "$(MODEL)"

test: lint  ## everything that must hold: lint, then unit tests, doctests and system tests
	$(SAY) 'pytest'
	@OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
		$(IN)/python -m pytest -q -n $(WORKERS) --dist worksteal

quick: $(STAMP)  ## the tests that take less than a minute in all: none that is slow, no system's
	@OMP_NUM_THREADS=1 $(IN)/python -m pytest -q -n $(WORKERS) --dist worksteal \
		-m 'not slow and not system' --ignore tests/system

lint: $(STAMP)  ## style, formatting, types and the direction of imports
	$(SAY) 'ruff check'
	@$(IN)/python -m ruff check .
	$(SAY) 'ruff format --check'
	@$(IN)/python -m ruff format --check .
	$(SAY) 'mypy'
	@$(IN)/python -m mypy
	$(SAY) 'import contracts'
	@$(IN)/lint-imports --no-logo

format: $(STAMP)  ## bring the sources into the style that lint checks
	@$(IN)/python -m ruff check --fix .
	@$(IN)/python -m ruff format .

docs: $(STAMP)  ## the documentation as a site that needs no network: site/index.html
	@NO_MKDOCS_2_WARNING=true $(IN)/python -m mkdocs -q build --strict
	@echo '  site/index.html'

benchmark: $(STAMP)  ## how fast each backend is beside a plain-Python loop (NAME=xor)
	@$(IN)/python -m benchmarks $(NAME)

lock:  ## resolve pyproject.toml into requirements.lock, with hashes (UPGRADE=1: newest versions)
	@$(find_python); \
	"$$python" -m venv --clear build/uv && build/uv/bin/python -m pip install -qq uv
	@if [ -f requirements.lock ]; then cp requirements.lock build/requirements.lock; fi
	@build/uv/bin/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --extra dev --generate-hashes \
		--universal --python-version 3.11 --fork-strategy fewest \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header \
		pyproject.toml -o build/requirements.lock
	@mv build/requirements.lock requirements.lock

clean:  ## remove caches and build products; .venv and everything recorded stay
	@rm -rf build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamp and mark are written last; the mark holds the directory and outlives a stamp. So a .venv
# that was moved, copied or never finished is made again from nothing; one whose lock changed, or
# whose update was interrupted, is updated.
ifneq "$(shell cat $(MARK) 2>/dev/null)" "$(CURDIR)"
.PHONY: $(STAMP)
endif

$(STAMP): requirements.lock pyproject.toml
	@if [ "$$(cat $(MARK) 2>/dev/null)" = "$(CURDIR)" ] && $(IN)/python -c '' 2>/dev/null; then \
		echo 'Updating .venv to requirements.lock'; \
	else \
		$(find_python); \
		echo "Installing requirements.lock into .venv ($$("$$python" --version), about 3 GB):" \
			'once, some minutes'; \
		"$$python" -m venv --clear .venv || exit 1; \
	fi; \
	rm -f $(STAMP)
	@$(IN)/python -m pip install -qq --disable-pip-version-check --no-input \
		--require-hashes -r requirements.lock
	@$(IN)/python -m pip install -qq --disable-pip-version-check --no-input \
		--no-deps --no-build-isolation -e .
	@printf '%s\n' "$(CURDIR)" > $(MARK) && touch $(STAMP)
