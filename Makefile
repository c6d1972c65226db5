# The few commands. What they do is in tools/.

MAJORS := $(shell sed -nE 's/^pg([0-9]+) *=.*/\1/p' pgrx.toml)
# What clippy and the unit tests are built for: any major would do.
FIRST := $(firstword $(MAJORS))

# The private PGRX_HOME and cargo-pgrx that tools/bootstrap makes.
export PGRX_HOME := $(CURDIR)/.work/pgrx
export PATH := $(CURDIR)/.work/cargo/bin:$(PATH)

# The steps share two cores and one target directory.
.NOTPARALLEL:
.PHONY: help bootstrap demo test lint unit install installcheck bench clean

help: ## show this list
	@sed -nE 's/^([a-z-]+[^:]*):.* ## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

bootstrap: ## prepare cargo-pgrx, the throwaway servers and Django in .work/
	@tools/bootstrap

demo: bootstrap ## watch legacy users log in, on throwaway servers
	@tools/demo

test: bootstrap lint unit $(MAJORS:%=suite-%) $(MAJORS:%=installcheck-%) ## everything that must hold, on every major of pgrx.toml
	@cat $(MAJORS:%=.work/skipped-%) | sort | uniq -c

lint: bootstrap ## formatting and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features pg$(FIRST) -- --deny warnings

unit: ## the tests that need no server
	cargo test -p legacy-hash

# One major at a time: make suite-16 TEST=login
suite-%: bootstrap
	@tools/suite $* $(TEST)

installcheck-%: bootstrap
	@env -u PG_CONFIG -u PGHOST FERRY_PG_MAJOR=$* tools/installcheck $(TEST)

installcheck: ## regression tests on a throwaway server, or on a running one: PG_CONFIG=… PGHOST=…
	@tools/installcheck $(TEST)

install: ## build for release and install: make install PG_CONFIG=/path/to/pg_config
	@tools/install "$(PG_CONFIG)"

bench: bootstrap ## measure what a login costs
	@tools/bench

clean: ## remove everything that was built or prepared
	rm -rf target "$$(readlink -f .work)" .work
