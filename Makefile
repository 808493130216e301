# sixxsd: build, test, show. `make` alone lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

DESTDIR ?=
PREFIX ?= /usr/local
PLUGINS ?= /usr/lib/nagios/plugins
SWIFT ?= swift
BENCH := .build/release/sixxsd-bench
PYTHON := /usr/bin/python3
# The laboratory needs root for its namespaces; everything else does not.
AS_ROOT := $(shell [ "$$(id -u)" -eq 0 ] || ! command -v sudo >/dev/null || \
	echo sudo --preserve-env=SIXXS_BIN,NO_COLOR,CI,PYTHONDONTWRITEBYTECODE)

SWIFT_FOLDERS := $(wildcard Sources Tests Benchmarks Fuzz) Package.swift
TEST_FLAGS := -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error
# One module after another: a run begins all of its tests before any of them ends.
UNIT_TESTS := $(notdir $(wildcard Tests/*Tests))
# Most of the laboratory waits: three at a time keep two processors busy.
PYTEST_FLAGS ?= -q --numprocesses 3 --dist loadgroup

PACKET_TESTS := encapsulations explaining garbage hops icmp icmp_from_outside landing lifecycle merging offloads outer_packets path_mtu \
	probes roaming tcp_obeys traffic_class tshark tunnels under_load
# Those of them in which plain 6in4 is more than a way to get somewhere; all of them in the campaign.
FAST_PATH_TESTS := encapsulations icmp_from_outside merging offloads path_mtu roaming tcp_obeys traffic_class

export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-down test campaign build lint unit end-to-end bench bench-program bench-end-to-end bench-centre bench-check instructions fuzz packages install clean

help: ## list the targets
	@printf 'sixxsd: an IPv6 tunnel broker, daemon and centre\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: packages build ## a fleet on this machine, in namespaces: tunnels, pings, throughput (KEEP=1 leaves it up)
	@exec $(AS_ROOT) $(PYTHON) Tests/EndToEnd/demo.py $(if $(filter-out 0,$(KEEP)),--keep)

demo-down: ## remove what `make demo KEEP=1` left up
	@exec $(AS_ROOT) $(PYTHON) Tests/EndToEnd/demo.py --down

test: packages lint unit build end-to-end bench-check instructions fuzz ## everything that continuous integration checks
test: SECONDS = 8

campaign: export SIXXS_LONG = 1
campaign: packages build ## the long forms of the tests, and ten minutes a fuzz target (hours)
	@$(SWIFT) test $(TEST_FLAGS)
	@$(AS_ROOT) SIXXS_LONG=1 $(PYTHON) -m pytest -q Tests/EndToEnd
	@$(AS_ROOT) SIXXS_FAST_PATH=auto $(PYTHON) -m pytest -q $(PACKET_TESTS:%=Tests/EndToEnd/test_%.py)
	@Fuzz/run 600

build: packages ## the three programs, optimized
	@echo 'building (release)'
	@$(SWIFT) build -c release --quiet

lint: ## formatting, layering, the order of folders
	@$(SWIFT) format lint --strict --recursive --parallel $(SWIFT_FOLDERS)
	@Tests/gate/layering.sh
	@Tests/gate/sizes
	@Tests/gate/walks
	@Tests/gate/folders
	@Tests/gate/conformance
	@Sources/CFastPath/programs/build --check

unit: packages ## unit tests, warnings are errors
	@echo 'building the unit tests'
	@$(SWIFT) build --build-tests --quiet $(TEST_FLAGS)
	@Tests/gate/documentation
	@for module in $(UNIT_TESTS); do $(SWIFT) test --skip-build --quiet $(TEST_FLAGS) --filter "^$$module\\."; done
	@echo 'once more with two engines'
	@SIXXS_ENGINES=2 $(SWIFT) test --skip-build --quiet $(TEST_FLAGS) --filter CoreTests

end-to-end: packages ## the programs in network namespaces (builds nothing; SIXXS_BIN names another build)
	@$(AS_ROOT) $(PYTHON) -m pytest $(PYTEST_FLAGS) Tests/EndToEnd
	@echo 'what concerns packets once more, with two workers'
	@$(AS_ROOT) SIXXS_WORKERS=2 $(PYTHON) -m pytest $(PYTEST_FLAGS) $(PACKET_TESTS:%=Tests/EndToEnd/test_%.py)
	@echo 'and those that the kernel can forward, with --fast-path auto'
	@$(AS_ROOT) SIXXS_FAST_PATH=auto $(PYTHON) -m pytest $(PYTEST_FLAGS) $(FAST_PATH_TESTS:%=Tests/EndToEnd/test_%.py)

bench-program:
	@$(SWIFT) build -c release --quiet --product sixxsd-bench

bench: packages bench-program ## micro-benchmarks: nanoseconds and heap allocations
	@$(BENCH)

bench-end-to-end: packages ## packets' cost, TCP, latency, waiting, loss and memory beside plain forwarding and wireguard-go, into docs/performance.md (about 8 minutes)
	-@Tests/gate/install-packages.sh wireguard-go wireguard-tools
	@$(AS_ROOT) $(PYTHON) Benchmarks/end-to-end/measure.py --write docs/performance.md

bench-centre: packages ## what the centre's rounds and commands cost, 5 to 500 PoPs, into docs/performance.md (about 10 minutes)
	@$(AS_ROOT) $(PYTHON) Benchmarks/centre/measure.py --write docs/performance.md

bench-check: packages bench-program ## fail when the data path allocates
	@$(BENCH) --check

instructions: packages bench-program ## compare instruction counts with the recorded ones (callgrind)
	@Benchmarks/instructions.sh

SECONDS ?= 20
fuzz: packages ## run every fuzz target (SECONDS=20), as many at once as there are processors
	@Fuzz/run $(SECONDS)

packages: ## install the Debian packages that are missing
	@Tests/gate/install-packages.sh

install: build ## programs, man pages, completions, monitoring plugin (DESTDIR, PREFIX, PLUGINS)
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' PLUGINS='$(PLUGINS)' Packaging/install .build/release

clean: ## remove everything that was built
	@rm -rf .build Fuzz/.build
	@find Tests -name __pycache__ -type d -prune -exec rm -rf {} +
