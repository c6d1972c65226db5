# The few commands. What they do is in tools/.

MAJORS := $(shell sed -nE 's/^pg([0-9]+) *=.*/\1/p' pgrx.toml)
FIRST := $(firstword $(MAJORS))
SOURCES := $(shell find src sql crates Cargo.toml Cargo.lock pg_ferry.control -type f 2>/dev/null)

# The private PGRX_HOME and cargo-pgrx that tools/bootstrap makes.
export PGRX_HOME := $(CURDIR)/.work/pgrx
export PATH := $(CURDIR)/.work/cargo/bin:$(PATH)

# The steps share the cores and one target directory, in which all majors share their dependencies.
.NOTPARALLEL:
.PHONY: help bootstrap demo test lint unit fresh fuzz install installcheck bench clean

help: ## show this list
	@awk -F ':.* ## ' '/^[a-z]+:.* ## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## prepare cargo-pgrx, the throwaway servers and Django in .work/
	@tools/bootstrap

demo: .work/installed-$(FIRST) ## watch legacy users log in, on throwaway servers
	@tools/demo

test: bootstrap lint unit fresh fuzz $(foreach major,$(MAJORS),suite-$(major) installcheck-$(major)) ## everything that must hold, on every major of pgrx.toml
	@sort $(MAJORS:%=.work/skipped-%) | uniq -c

lint: bootstrap ## formatting and clippy
	cargo fmt --all --check
	cargo fmt --manifest-path crates/legacy-hash/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --features pg$(FIRST) -- --deny warnings

unit: ## the tests that need no server
	cargo test -p legacy-hash

fresh: bootstrap ## hashes that genuine software makes now, of random passwords, must verify
	@tools/fresh-vectors

fuzz: bootstrap ## fuzz the hash formats for a few seconds; longer: tools/fuzz 3600
	@SEED=1 tools/fuzz # the same start each time: a change is judged, not luck

# The client tests on one major, or some of them: make suite-16 TEST=login
suite-%: .work/installed-%
	@tools/suite $* $(TEST)

installcheck-%: .work/installed-%
	@env -u PG_CONFIG -u PGHOST FERRY_PG_MAJOR=$* tools/installcheck $(TEST)

# A server has one of the two builds at a time.
.PRECIOUS: .work/installed-% .work/released-%
.work/installed-%: $(SOURCES) | bootstrap
	@tools/install-private $*

.work/released-%: $(SOURCES) | bootstrap
	@tools/install-private $* --release

installcheck: $(if $(PG_CONFIG)$(PGHOST),,.work/installed-$(FIRST)) ## regression tests, throwaway or: PG_CONFIG=… PGHOST=…
	@tools/installcheck $(TEST)

install: ## build for release and install: make install PG_CONFIG=/path/to/pg_config
	@tools/install "$(PG_CONFIG)"

bench: .work/released-$(FIRST) ## measure what a login and an import cost, with a release build
	@tools/bench

clean: ## remove everything that was built or prepared
	rm -rf target "$$(readlink -f .work)" .work
