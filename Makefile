# Every tool comes from locks/dev.txt, in an environment of its own; nothing from PATH but bash.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: demo test lint format bench lock tables clean

dev = $$(runner/environment dev)
sources = runner/openhands_testgen tests benchmarks

demo:  ## the whole workflow on an example project, without any key
	examples/demo

test:  ## all tests
	dev=$(dev); "$$dev/bin/python" -m pytest -n auto --maxprocesses 4 --dist loadgroup

lint:  ## all gates
	dev=$(dev); export PATH="$$dev/bin:$$PATH"; \
	ruff check . && ruff format --check . && mypy && PYTHONPATH=runner lint-imports --no-cache && \
	actionlint && zizmor --offline --quiet . && \
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/workflow.yml && \
	check-jsonschema --builtin-schema vendor.github-actions action.yml submit/action.yml collect/action.yml && \
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

format:  ## mend what a program can mend
	dev=$(dev); "$$dev/bin/ruff" check --fix-only . ; "$$dev/bin/ruff" format .

bench:  ## measure; ROUNDS and SCALE=1 set the length
	dev=$(dev); for name in submit workflow verdict suites soak notice; do PYTHONPATH=runner "$$dev/bin/python" -m benchmarks.$$name; done

lock:  ## renew all locks
	UV="$$(runner/environment dev)/bin/uv" locks/renew

tables:  ## renew the README's tables, the actions' descriptions and the verdict's schema
	dev=$(dev); for name in readme actions schema; do PYTHONPATH=runner:. "$$dev/bin/python" -m tests.unit.test_$$name; done

clean:  ## remove what make made; the installed environments stay in the cache
	git clean -qfdX
