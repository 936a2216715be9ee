# Every verb sets the environment up first, so that on a fresh clone any of them is enough.
# Plain POSIX shell and GNU make 3.81, which is what macOS still ships.

.DEFAULT_GOAL := help
.PHONY: help dashboard serve lab test test-slow lint lint-style lint-types lint-notebooks bench data docs notebooks \
	lock site environment clean
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
HRTEM_LAB := .venv/bin/hrtem-lab
PYTHON ?=
PORT ?=
ARGS ?=

# The stamp is named after what was installed and where: edited lists or a moved folder are another
# name, so that the packages are looked at again; an interrupted installation leaves no stamp.
READY := .venv/ready-$(shell { pwd -P; cat requirements.lock pyproject.toml; } | cksum | tr ' ' '-')

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "Options: PORT=8900 (dashboard, serve, lab), ARGS='-k ssim' (handed on), PYTHON=/path/to/python3.12 (set-up)"

dashboard: environment ## open the course in a browser
	@$(HRTEM_LAB) dashboard $(if $(PORT),--port $(PORT)) $(ARGS)

serve: environment ## serve the course to a class (ARGS="--students 30"; docs/serving.md)
	@$(HRTEM_LAB) serve $(if $(PORT),--port $(PORT)) $(ARGS)

lab: environment ## open the notebooks in JupyterLab
	@$(HRTEM_LAB) lab $(if $(PORT),--port $(PORT)) $(ARGS)

test: environment ## run the tests: unit, notebooks, browser (without the slow ones)
	@$(PY) -m pytest -m "not slow" $(ARGS)

test-slow: environment ## run the tests that take too long for every edit
	@$(PY) -m pytest -m slow $(ARGS) || test $$? -eq 5 # 5: there are none

lint: lint-style lint-types lint-notebooks ## check style, types, and that notebooks equal their sources

lint-style: environment
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

lint-types: environment
	@$(PY) -m mypy

lint-notebooks: environment
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	cp -R notebooks/. "$$copy" && \
	$(call write_pairs,"$$copy") && \
	for pair in "$$copy"/*.ipynb; do diff "notebooks/$${pair##*/}" "$$pair" || differ=yes; done && \
	if [ -n "$${differ:-}" ]; then echo "Notebooks differ from their .py sources: make notebooks"; exit 1; fi && \
	echo "Notebooks equal their .py sources."

bench: environment ## time this package beside its peers and print the ratios
	@$(PY) -m benchmarks $(ARGS)

data: environment ## compute the exit waves, worst cases and sizes in hrtem_lab/data again
	@$(HRTEM_LAB) data $(ARGS)

docs: environment ## write the tables in the documents that have a column or a row for each metric
	@$(PY) -m docs.tables

notebooks: environment ## write the .ipynb pairs from the .py sources
	@$(call write_pairs,notebooks)

# Updating keeps the ids of cells that stay, so that an unchanged notebook is an unchanged file.
write_pairs = $(PY) -m jupytext --quiet --to ipynb --update $(1)/*.py && \
	$(PY) -m nbconvert --log-level=WARN --clear-output --inplace $(1)/*.ipynb

lock: environment ## resolve the dependencies anew (ARGS=--upgrade for newer versions)
	@$(PY) -m uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--no-emit-index-url --no-header --quiet -o requirements.lock $(ARGS)
	@{ sed '/- pip:/q' environment.yml; sed -n 's/^[a-z].*/      - &/p' requirements.lock; } > environment.new
	@mv environment.new environment.yml && cp environment.yml binder/environment.yml
	@echo "Wrote requirements.lock, environment.yml and binder/environment.yml."

site: environment ## build the documentation into build/site (ARGS=linkcheck: follow its links)
	@$(PY) -m sphinx --fail-on-warning --keep-going --quiet --builder $(or $(ARGS),html) docs build/$(or $(ARGS),site)
	@$(if $(ARGS),,echo "Open build/site/index.html in a browser.")

clean: ## remove the environment and all that was built or cached
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find hrtem_lab tests benchmarks notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

environment: ## set .venv up, where it is not (the other verbs do)
	@test -x $(PY) && test -e $(READY) || { $(make_venv) && $(install) && touch $(READY); }

# A virtual environment is used if it was completed in this folder (`activate` is written last and
# names the folder) and its Python still runs; otherwise it is made anew by the first fitting Python.
recent = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
define make_venv
{ { grep -qsF "$$(pwd -P)/.venv" .venv/bin/activate && $(PY) $(recent); } || { \
	for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python); do \
		"$$python" $(recent) || continue; \
		found="$$python"; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && break; \
	done; \
	if [ -z "$${found:-}" ]; then \
		version=$$("$(or $(PYTHON),python3)" --version 2>/dev/null | head -n 1); \
		echo "hrtem_lab needs Python 3.11 or newer, but $(or $(PYTHON),python3) is $${version:-not there}: install one, or name it with PYTHON=/path/to/python3.12"; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv) and try again"; \
		exit 1; \
	fi; \
	echo "Making .venv with $$("$$found" --version)."; \
	"$$found" -m venv --clear .venv || { echo "Could not make .venv: is the disk full, or the folder read-only?"; exit 1; }; \
}; }
endef

define install
{ echo "Installing the packages of requirements.lock: once, a few minutes."; \
	$(PY) -m pip install --no-input --disable-pip-version-check -r requirements.lock && \
	$(PY) -m pip install --no-input --disable-pip-version-check --quiet --no-deps -e . || \
	{ echo "pip could not install the packages (its reason is above): check the network and try again, what is there stays."; exit 1; }; \
}
endef
