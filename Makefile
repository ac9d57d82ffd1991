# The thin face of the house: each target is a line or two, and what they call can be called by hand.
#
#   CARGO_TARGET_DIR   where builds go; in the user's cache by default, so that a fresh clone builds warm
#   FOREBAY_CACHE      where tools and test servers are kept
#   MINUTES, ARGS      how long, and further arguments, for the targets that take them

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export FOREBAY_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/forebay
export CARGO_TARGET_DIR ?= $(FOREBAY_CACHE)/target
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

MINUTES := 3

DENY_VERSION := 0.20.2
DENY := $(FOREBAY_CACHE)/tools/bin/cargo-deny

# Most tests wait for servers nearly all of their time.
TEST_THREADS := $(or $(RUST_TEST_THREADS),$(shell n=$$(nproc); echo $$((n < 6 ? 6 : n))))

.PHONY: help run test test-rules test-compat test-alerts test-k8s test-images quick check fmt demo bench attack sim fuzz chaos chaos-kill scale prerequisites prerequisites-test servers clients

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: prerequisites ## build and run everything in one process: forebay dev
	cargo run --package forebay --bin forebay -- dev $(ARGS)

test: prerequisites-test servers clients ## every test: unit, property, component, and end to end on real servers
	cargo build --workspace --bins
	RUST_TEST_THREADS=$(TEST_THREADS) cargo test --workspace $(ARGS)
	$(CARGO_TARGET_DIR)/debug/forebay test rules
	@echo 'all tests passed: unit, property, component, end to end'

test-rules: prerequisites-test servers ## what rules rest on: samples of all formats, masks, reloads, the shipped rules
	cargo build --package forebay --bin forebay
	cargo test $(addprefix --package forebay-,parse mask enrich convert rules rule-files rule-tools)
	cargo test --package forebay-tests --test rules
	$(CARGO_TARGET_DIR)/debug/forebay test rules

test-compat: prerequisites-test servers ## clients that others wrote, while Kafka goes away: rsyslog, Python's, Go's
	@scripts/prerequisites compat
	@tests/compat/prepare.sh all
	cargo build --package forebay-ingest --package forebay-compat --bins
	$(CARGO_TARGET_DIR)/debug/forebay-compat $(ARGS)

test-alerts: prerequisites-test ## alerts, dashboards and runbooks: a real Prometheus, faults that make alerts fire, runbooks that are followed; ARGS=static runs nothing
	@scripts/prerequisites $(or $(filter static,$(ARGS)),alerts)
	@tests/alerts/prepare.sh $(filter static,$(ARGS))
	cargo build --workspace --bins
	@tests/alerts/run.sh $(CARGO_TARGET_DIR)/debug $(ARGS)

test-k8s: prerequisites-test ## the Helm chart on a real control plane: rendered, installed, scaled, its page walked
	@scripts/prerequisites k8s
	cargo build --workspace --bins
	FOREBAY=$(CARGO_TARGET_DIR)/debug/forebay tests/k8s/run.sh $(ARGS)

test-images: prerequisites ## the images of the Dockerfile, built by Debian's buildah (as root), start
	cargo build --workspace --bins
	tests/images/run.sh

quick: prerequisites ## the tests that need no servers: libraries and services
	cargo test --workspace --lib --bins $(ARGS)

check: prerequisites $(DENY) ## format, lints, docs, structure, licences, generated pages
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --quiet
	cargo run --quiet --package xtask -- check-structure
	cargo run --quiet --package xtask -- docs --check
	tools/dashboards/generate.py --check
	$(DENY) --log-level error check licenses bans sources
	@echo 'all checks passed'

fmt: ## format the code
	cargo fmt --all

demo: prerequisites-test servers ## real logs through real Kafka into real Elasticsearch, with a count of each
	./demo/run.sh

chaos: prerequisites-test servers ## everything breaks for MINUTES=3; then every acknowledged event is looked for
	./tests/chaos/run.sh --minutes $(MINUTES) $(ARGS)

chaos-kill: prerequisites-test servers ## kill -9 every 10 s for MINUTES=3, on each tier in turn; then the same search
	./tests/chaos/run.sh --minutes $(MINUTES) --kill all $(ARGS)

scale: prerequisites-test servers ## processes join, leave and are replaced under load; on a quiet machine, about ten minutes
	./tests/chaos/scale.sh $(ARGS)

attack: prerequisites-test ## what an honest client notices of each attack; on a quiet machine with two cores
	cargo build --release --package forebay-ingest --package forebay-security --bins
	$(CARGO_TARGET_DIR)/release/forebay-attack $(ARGS)

sim: prerequisites ## SEEDS=100000 random schedules of the delivery path, from SEED on; SEED alone shows that one; ARGS=groups a large consumer group
	cargo run --quiet --package forebay-sim -- $(if $(SEEDS),--seeds $(SEEDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: ## each fuzz target for MINUTES=3, ARGS='rules vrl' for some; needs a nightly compiler and cargo-fuzz
	PATH=$$PATH:$(FOREBAY_CACHE)/tools/bin CARGO_TARGET_DIR=$(FOREBAY_CACHE)/fuzz-target \
	  ./fuzz/run.sh $$(($(MINUTES) * 60)) $(ARGS)

bench: prerequisites-test servers ## CPU-seconds per million events of each hop, and peak memory
	./load/run.sh $(ARGS)

prerequisites:
	@scripts/prerequisites run
	@scripts/own-target $(CARGO_TARGET_DIR)

prerequisites-test:
	@scripts/prerequisites test
	@scripts/own-target $(CARGO_TARGET_DIR)

# Downloads and lays out the test servers, once.
servers:
	@for server in kafka elasticsearch opensearch; do tests/servers/$$server/run.sh prepare; done
	@tests/servers/kafka/tool.sh prepare
	@tests/servers/kafka/coordinator.sh prepare

# The clients that the ordinary tests run.
clients:
	@tests/compat/prepare.sh test

# Some minutes, once per machine.
$(DENY):
	CARGO_TARGET_DIR=$(FOREBAY_CACHE)/tools-target \
	  cargo install cargo-deny --version $(DENY_VERSION) --locked --no-default-features --root $(FOREBAY_CACHE)/tools
	rm -rf $(FOREBAY_CACHE)/tools-target
