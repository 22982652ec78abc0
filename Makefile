# `make` lists what there is. Everything runs in the project's own .venv, made with Python 3.10, the one that DeepCAVE runs on.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
RUNS := examples/runs

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz lint bench build clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv and install the package, its tools and Operon in the tested versions

demo: $(INSTALLED) ## explain bundled runs in the terminal, then start the dashboard on them (Ctrl-C stops it)
	$(VENV)/bin/deepcave-symbolic explain $(RUNS)/svm_bbo
	$(VENV)/bin/deepcave-symbolic explain $(RUNS)/svm_bbo -p gamma
	$(VENV)/bin/deepcave-symbolic dashboard $(RUNS)/svm_bbo $(RUNS)/mlp_hpo $(RUNS)/boosting_mf

test: $(INSTALLED) ## run every test
	$(PYTHON) -m pytest

fuzz: $(INSTALLED) ## try many more broken run folders than CI does, all of them through everything (hours)
	DEEPCAVE_SYMBOLIC_FUZZ=long .venv/bin/python -m pytest -q tests/test_fuzz.py

lint: $(INSTALLED) ## check style, format and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(INSTALLED) ## measure speed, the panel, scale, interrupts, stability, recovery and faithfulness (two hours)
	$(PYTHON) benchmarks/speed.py
	$(PYTHON) benchmarks/panel.py
	$(PYTHON) benchmarks/scale.py
	$(PYTHON) benchmarks/interrupts.py
	$(PYTHON) benchmarks/stability.py
	$(PYTHON) benchmarks/recovery.py
	$(PYTHON) benchmarks/faithfulness.py --jobs 2

build: $(INSTALLED) ## build the wheel and the source distribution into dist/
	$(PYTHON) -m build

clean: ## remove what the other targets made, except .venv
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# python3.10 may be a pyenv shim without a Python behind it, so it is tried, not only looked for.
$(PYTHON):
	@if python3.10 -c "import venv, ensurepip" 2>/dev/null; then \
		python3.10 -m venv $(VENV); \
	elif command -v uv >/dev/null; then \
		uv venv --seed --python 3.10 $(VENV); \
	else \
		echo "Python 3.10 is needed here: DeepCAVE 1.4.1 runs on no later one. Either"; \
		echo "  install python3.10 with its venv module (Debian, Ubuntu: python3.10 and python3.10-venv; pyenv: pyenv install 3.10),"; \
		echo "  or install uv, which fetches it; then run make again."; \
		echo "Without DeepCAVE the package also runs on Python 3.11 to 3.13: pip install ."; \
		exit 1; \
	fi

$(INSTALLED): setup.cfg constraints.txt | $(PYTHON)
	$(PYTHON) -m pip install --disable-pip-version-check --editable ".[dev,docs,operon,optuna]" --constraint constraints.txt
	@touch $@
