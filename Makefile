# Two commands: `make demo` and `make test`; `make docs` for the site. All create .venv on first use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: demo test test-thorough lint docs install clean

demo: $(VENV)/.demo
	$(BIN)/automed search polyp --budget 6 --epochs 10 --image-size 96x128 --no-pretrained \
		--max-gflops 0.2 --set training.learning_rate=1e-3..1e-2 --set training.batch_size=4,16

test: $(VENV)/.test lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations=30

test-thorough: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations=30 -m thorough

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs
	$(BIN)/python docs/assemble
	$(BIN)/zensical build --strict --clean --config-file mkdocs.yml

install: $(VENV)/.demo

$(BIN)/python:
ifdef UV
	uv venv --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
endif

$(VENV)/.demo: pyproject.toml | $(BIN)/python
ifdef UV
	uv pip install --python $(BIN)/python -e .
else
	$(BIN)/python -m pip install -e .
endif
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
ifdef UV
	uv pip install --python $(BIN)/python -e ".[test,lint]"
else
	$(BIN)/python -m pip install --no-compile -e ".[test,lint]"
endif
	touch $@ $(VENV)/.demo

$(VENV)/.docs: pyproject.toml | $(BIN)/python
ifdef UV
	uv pip install --python $(BIN)/python -e ".[docs]"
else
	$(BIN)/python -m pip install -e ".[docs]"
endif
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist site *.egg-info
