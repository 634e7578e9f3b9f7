# Two commands matter: make run, make test. Everything lives in .venv and var/; nothing outside is touched.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
WORKERS ?= 2

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## a demo company in your browser
	@scripts/environment run
	@$(PY) app.py demo
	@exec $(PY) app.py serve --with-worker

test: ## the whole suite: SQLite, a real PostgreSQL, a real browser
	@scripts/system-packages
	@scripts/environment test
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-full: ## the suite with the full counts
	@scripts/system-packages
	@scripts/environment test
	@FANGYUAN_TEST_SCALE=full $(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: ## style, types, import contracts
	@scripts/environment lint
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@PYTHONPATH=. .venv/bin/lint-imports

bench: ## against a hand-written application; make bench CASE=...
	@scripts/system-packages
	@scripts/environment test
	@$(PY) -m benchmarks $(if $(CASE),--case $(CASE)) $(ARGS)

screens: ## photographs of the main screens into var/screens
	@scripts/system-packages
	@scripts/environment test
	@$(PY) -m tests.screens $(ARGS)

.PHONY: help run test test-full lint bench screens
