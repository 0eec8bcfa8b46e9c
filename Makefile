# Two commands for a newcomer: `make demo` and `make test`. `make check` is what a change must pass.

CARGO ?= cargo
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Samba's domain controller has ports that only root may open.
comma := ,
UNROOTED := $(if $(filter 0,$(shell id -u)),,--skip directory::domain:: --skip whole::domain::)

# A Debian system of its own, in which the packages are tried, wants root and namespaces.
UNBOOTED := $(if $(shell unshare -mpCuin true 2>/dev/null && echo can),,--skip packaging::)

# Many tests wait (for a mail's next try, for a server that is away): others use the processors meanwhile.
export RUST_TEST_THREADS ?= $(shell echo $$(($$(nproc) + 6)))

# Tests with a browser take turns at two of them beside all others, which leave them the processors that they want: a browser
# that gets none for minutes is given up by its driver.
BROWSERS := desk::page:: kiosk:: pages:: support::browser

# What does not need the other runs at the same time.
MAKEFLAGS += --jobs

.PHONY: demo test check installed tools built others browsers judged licensed deb container torture screenshots windows check-windows bench bench-desk bench-flow bench-large fuzz

demo:
	@scripts/install-missing demo
	@$(CARGO) build --quiet
	@target/debug/cardwright demo

test: others browsers
	@echo "Skipped, and why:"
	@$(if $(UNROOTED),echo "  those of a domain controller$(comma) which wants root")
	@$(if $(UNBOOTED),echo "  those of the Debian packages$(comma) which want root and namespaces of their own")
	@command -v buildah >/dev/null || echo "  the container (make container)$(comma) which wants buildah"
	@grep -hE '\.\.\. ignored' target/others.log target/browsers.log || \
		echo "  no test else: all the tools that they need are installed"

check: test judged licensed

installed:
	@scripts/install-missing test

# What the tests need of other people's programs.
tools: installed
	@scripts/build-kryoptic >/dev/null
	@scripts/build-est >/dev/null
	@scripts/fetch-axe >/dev/null
	@$(if $(UNBOOTED),,scripts/build-cargo-deb >/dev/null && scripts/debian-root >/dev/null)

built: installed
	@rm -f target/others.log target/browsers.log
	@$(CARGO) test --quiet --doc
	@$(CARGO) test --no-run --lib --test it

others: built tools
	@CARGO="nice $(CARGO)" scripts/run-tests target/others.log --lib --test it -- $(BROWSERS:%=--skip %) $(UNROOTED) $(UNBOOTED)

browsers: built tools
	@CARGO="$(CARGO)" RUST_TEST_THREADS=3 scripts/run-tests target/browsers.log --test it -- $(BROWSERS)

# The code alone, beside the tests, which begin first, for cargo holds up whatever it shares a directory with. It takes its share of the
# processors with them: what came after them would have one processor idle, as most of it is one compiler at a time.
# Documents are made with the features that clippy has built the dependencies with.
judged: built tools
	$(CARGO) fmt --check
	@timeout 60 sh -c 'until [ -s target/others.log ] && [ -s target/browsers.log ]; do sleep 1; done' || true
	nice $(CARGO) clippy --all-targets -- -D warnings
	nice $(CARGO) clippy --no-default-features -- -D warnings
	nice $(CARGO) clippy --no-default-features --features kiosk -- -D warnings
	RUSTDOCFLAGS="-D warnings" nice $(CARGO) doc --lib --bins --examples --no-deps --document-private-items

# What it depends on, in the time that all others leave: the checker is built in a directory of its own.
licensed: installed
	nice -n 19 scripts/check-dependencies

# The two Debian packages, into target/debian: of the client alone, and of the whole program with the server's service.
deb:
	@scripts/install-missing demo
	$(CARGO) build --release --no-default-features --features kiosk
	@mkdir -p target/packaging && cp target/release/cardwright target/packaging/client-alone
	$(CARGO) build --release
	@scripts/package target/packaging/client-alone target/release/cardwright target/debian
	@if command -v lintian >/dev/null; then scripts/lint-packages target/debian; \
		else echo "lintian is not installed: the packages were not checked by it"; fi

# The container of the packages, built and run where buildah is at hand.
container: deb
	@packaging/container/try target/debian

# Work on cards cut at every point, of which `make test` tries a fifth.
torture:
	@scripts/install-missing test
	@scripts/build-kryoptic >/dev/null
	@rm -f target/torture.log
	CARDWRIGHT_TORTURE="$(CURDIR)/target/torture.log" $(CARGO) test --test it -- $$(grep -rlE "torture::points|matrix::\{Again" tests/it | \
		sed -nE 's|tests/it/(.*)\.rs|\1::|; s|/|::|gp' | sort)
	@sort target/torture.log | uniq -c | awk '{ print; points += $$1 } END { print points " points, in " NR " tests" }'

# The package for Windows Installer and a zip of the same files, into target/windows/packages. Neither is signed.
windows:
	@scripts/install-missing windows
	PATH="$$(scripts/windows-toolchain "$${XDG_CACHE_HOME:-$$HOME/.cache}/cardwright/windows"):$$PATH" CARGO_TARGET_DIR=target/windows \
		$(CARGO) build --release --no-default-features --features kiosk --target x86_64-pc-windows-gnu
	@scripts/package-windows target/windows/x86_64-pc-windows-gnu/release/cardwright.exe target/windows/packages

# The client for Windows: built, judged, and tested under Wine. Some minutes more the first time, for a compiler and a system with Wine.
check-windows:
	@scripts/check-windows

# The pages that the documents show, as a browser shows them, light and dark; all others are in target/pictures.
screenshots:
	@scripts/install-missing test
	@scripts/fetch-axe >/dev/null
	@rm -rf target/pictures && mkdir -p target/pictures docs/pictures
	CARDWRIGHT_PICTURES="$(CURDIR)/target/pictures" $(CARGO) test --quiet --test it -- pages::every::every_page_is_sound kiosk:: desk::page
	@rm -f docs/pictures/*.png
	@cd target/pictures && cp $$(grep -oh 'pictures/[a-z-]*\.png' ../../README.md ../../docs/*.md ../../docs/guides/*.md | cut -d/ -f2 | sort -u) ../../docs/pictures/

# One table of what is measured, each figure beside its aim; what it is measured against and cannot be installed is told as skipped.
bench:
	@scripts/install-missing bench || echo "Going on without what is missing."
	@CARGO="$(CARGO)" scripts/bench

# A list of people through one to eight readers of virtual cards.
bench-desk:
	@scripts/install-missing bench
	@$(CARGO) bench --quiet --bench desk

# The flow on both databases beside pgbench, with 1, 8 and 64 connections, and PostgreSQL's own processor time.
bench-flow:
	@scripts/install-missing bench
	@$(CARGO) bench --quiet --bench server -- flow

# What a desk looks at with a million cards stored, and what a full store does to a flow; CARDWRIGHT_BENCH_CARDS=100000 for fewer.
bench-large:
	@scripts/install-missing bench
	@$(CARGO) bench --quiet --bench server -- pages
	@$(CARGO) bench --quiet --bench server -- large

# make fuzz TARGET=certificate SECONDS=600; without a target it lists them.
fuzz:
	@CARGO="$(CARGO)" scripts/fuzz "$(TARGET)" "$(or $(SECONDS),60)"
