# `make` lists what there is. Everything runs in the project's own .venv, made with Python 3.10, the one that DeepCAVE runs on, where
# that is there, else with the newest supported one.

VENV := .venv
PYTHON := $(VENV)/bin/python
NOX := $(VENV)/bin/nox
INSTALLED := $(VENV)/.installed
RUNS := examples/runs
MINUTES := 60
FROM := 10000

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick test-random fuzz lanes lanes-ci lint bench docs docs-serve quotes screenshots build clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv and install the package, its tools and Operon in the tested versions

demo: $(INSTALLED) ## explain bundled runs in the terminal, then start the dashboard on them (Ctrl-C stops it)
	$(VENV)/bin/deepcave-symbolic explain $(RUNS)/svm_bbo
	$(VENV)/bin/deepcave-symbolic explain $(RUNS)/svm_bbo -p gamma
	$(VENV)/bin/deepcave-symbolic dashboard $(RUNS)/svm_bbo $(RUNS)/mlp_hpo $(RUNS)/boosting_mf

test: $(INSTALLED) ## run every test
	$(NOX) -s test

test-random: $(INSTALLED) ## run the unit tests in a random order, another one each time
	$(PYTHON) -m pytest -o addopts="--strict-markers --strict-config --import-mode=importlib" -n 2 --dist loadfile tests/unit

test-quick: $(INSTALLED) ## run the unit tests but for the slow ones: under two minutes on two idle cores
	$(NOX) -s test-quick

fuzz: $(INSTALLED) ## an hour of more broken run folders than CI tries, all that load through everything (MINUTES=60 FROM=10000)
	DEEPCAVE_SYMBOLIC_FUZZ=$(MINUTES) DEEPCAVE_SYMBOLIC_FUZZ_FROM=$(FROM) $(PYTHON) -m pytest -q tests/system/test_fuzz.py

lanes: $(INSTALLED) ## install the built package on every supported Python and run the core's tests there
	$(NOX) -t lanes

lanes-ci: $(INSTALLED) ## four of the lanes with a few tests each, as CI runs them
	$(NOX) -s lanes-ci

lint: $(INSTALLED) ## check style, format, types, declared requirements, style sheets and scripts
	$(NOX) -s lint

bench: $(INSTALLED) ## measure speed, the panel, scale, interrupts, stability, recovery and faithfulness (two hours)
	$(PYTHON) benchmarks/speed.py
	$(PYTHON) benchmarks/panel.py
	$(PYTHON) benchmarks/studies.py
	$(PYTHON) benchmarks/scale.py
	$(PYTHON) benchmarks/interrupts.py
	$(PYTHON) benchmarks/stability.py
	$(PYTHON) benchmarks/recovery.py
	$(PYTHON) benchmarks/callback.py
	$(PYTHON) benchmarks/faithfulness.py --jobs 2
	$(PYTHON) benchmarks/readability.py --jobs 2
	$(PYTHON) benchmarks/certainty.py --jobs 2
	$(PYTHON) benchmarks/trust.py --jobs 2

docs: $(INSTALLED) ## build the documentation into site/, strictly, from the installed package
	NO_MKDOCS_2_WARNING=true $(VENV)/bin/mkdocs build --strict

docs-serve: $(INSTALLED) ## show the documentation on this machine while it is written
	NO_MKDOCS_2_WARNING=true $(VENV)/bin/mkdocs serve

quotes: $(INSTALLED) ## run what the documentation quotes and write what it prints now
	$(NOX) -s quotes

screenshots: $(INSTALLED) ## take the documentation's pictures of the panel from the browser tests
	$(PYTHON) -m pytest tests/browser/test_panel_browser.py tests/browser/test_own_host_browser.py
	cp tests/browser/output/docs/*.png docs/images/
	cp tests/browser/output/panel.png docs/panel.png

build: $(INSTALLED) ## build the wheel and the source distribution into dist/
	rm -rf dist *.egg-info
	$(PYTHON) -m build

clean: ## remove what the other targets made, except .venv
	rm -rf build dist site .nox *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# pythonX.Y may be a pyenv shim without a Python behind it, so it is tried, not only looked for. 3.10 first, which alone
# has DeepCAVE, then the newest.
$(PYTHON):
	@for version in 3.10 3.13 3.12 3.11; do \
		if python$$version -c "import venv, ensurepip" 2>/dev/null; then \
			echo "Making $(VENV) with Python $$version"; exec python$$version -m venv $(VENV); \
		elif [ $$version = 3.10 ] && command -v uv >/dev/null; then \
			exec uv venv --seed --python 3.10 $(VENV); \
		fi; \
	done; \
	echo "Python 3.10 to 3.13 with its venv module is needed here; on 3.10 the dashboard is DeepCAVE, on later ones our own app. Either"; \
	echo "  install one of them (Debian, Ubuntu: python3.13 and python3.13-venv; pyenv: pyenv install 3.13),"; \
	echo "  or install uv, which fetches 3.10; then run make again."; \
	exit 1

# The tested versions are those of Python 3.10. uv, which nox uses, too, takes half of pip's time, which does it where uv cannot.
$(INSTALLED): setup.cfg constraints.txt | $(PYTHON)
	tested=$$($(PYTHON) -c "import sys; print('--constraint constraints.txt' * (sys.version_info < (3, 11)))"); \
	what="--editable .[dev,docs,operon,optuna]"; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check $$tested uv \
		&& $(VENV)/bin/uv pip install --python $(PYTHON) $$tested $$what \
		|| $(PYTHON) -m pip install --disable-pip-version-check $$tested $$what
	@touch $@
