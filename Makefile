.PHONY: help demo test check install clean
help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
demo: ## install, draw a gallery, index it, answer queries, write likebut-demo/report.html
	@scripts/demo
test: ## install, then format, lint, types, docs and the whole test suite
	@scripts/test
check: ## format, lint, types and docs only
	@scripts/check
install: ## the environment for development, in .venv
	@scripts/install dev
clean: ## remove what the other targets made
	rm -rf .venv likebut-demo site build dist .mypy_cache .ruff_cache
