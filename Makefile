# What a person types. Each target says what it is doing; `make help` lists them.

CARGO ?= cargo
PYTHON ?= python3
VENV := target/venv
# Of what packaging/ needs.
DIST_VENV := target/dist/venv
DIST_PYTHON := $(DIST_VENV)/bin/python
DEBIAN_ROOT := target/dist/roots/bullseye
ARM64_ROOT := target/dist/roots/bullseye-arm64
export TSM_SANDBOX := $(CURDIR)/target/debug/thingspace-sandbox

.PHONY: help library demo test test-rust test-windows test-windows-under-wine check-targets test-python test-csharp test-java test-bench ruff workflows loom bench soak generate dist dist-libraries dist-packages test-dist \
	verify-release clean

help:
	@echo "make demo     build, start a local ThingSpace, run the examples, show what went over the wire"
	@echo "make library  the C library in target/release, as small and fast as it gets"
	@echo "make test     everything: format, lints, Rust, C, Python, C# and Java tests, docs, the benchmark in brief"
	@echo "make bench    speed, round trips and size beside libcurl, requests, httpx, HttpClient"
	@echo "make soak     the long simulation of the lockout guard, and long histories of many hosts"
	@echo "make generate write the header and every table of options, statuses and functions anew"
	@echo "make dist     everything that is released, for every target, into dist/ (TARGETS=TRIPLE for one)"
	@echo "make test-dist installs and tries what lies in dist/, each in a clean place without a network"
	@echo "make verify-release  builds twice and compares every byte (AGAINST=FOLDER: with a release)"

# Rust, a C compiler and Python 3 are all it takes.
demo:
	@echo "Building the library and the sandbox (the first time takes a minute) ..."
	@$(CARGO) build -p thingspace-session -p thingspace -p thingspace-sandbox
	@$(PYTHON) examples/demo.py

test: workflows test-rust test-windows check-targets test-python test-csharp test-java test-bench
	@echo "All tests passed."

test-rust:
	$(CARGO) fmt --all --check
	$(CARGO) clippy -q --workspace --all-targets -- -D warnings
	$(CARGO) build -q --workspace
	$(CARGO) test -q --workspace
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc -q --workspace --no-deps
	$(CARGO) check -q --manifest-path fuzz/Cargo.toml
	$(PYTHON) packaging/third_party.py --check
	$(PYTHON) tests/abi/abi.py

# The same tests for Windows, under Wine. Without Wine it stays untested: said here, and a failure in CI.
WINDOWS := x86_64-pc-windows-gnu
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER := x86_64-w64-mingw32-gcc
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER := $(CURDIR)/tests/wine/run
export WINEPREFIX := $(CURDIR)/target/wine

test-windows:
	@if command -v x86_64-w64-mingw32-gcc x86_64-w64-mingw32-g++ >/dev/null && tests/wine/run --version >/dev/null 2>&1; \
	then $(MAKE) -s test-windows-under-wine; \
	else echo "WINDOWS WAS NOT TESTED: there is no Wine, or no MinGW."; test "$$CI" != true; fi

test-windows-under-wine:
	$(CARGO) clippy -q --target $(WINDOWS) -p thingspace-session -p thingspace-session-tests -p thingspace --tests -- -D warnings
	$(CARGO) build -q --target $(WINDOWS) -p thingspace-session
	$(CARGO) test -q --target $(WINDOWS) -p thingspace-session --lib -- --skip proof
	$(CARGO) test -q --target $(WINDOWS) -p thingspace-session-tests --test lockout_guard \
	  --test scenarios --test hostile --test connections --test outliving_logins
	TSM_WINDOWS=target/$(WINDOWS)/debug $(CARGO) test -q -p thingspace-session-tests --test c_abi -- \
	  --skip fork --skip names --skip sigpipe --skip panics

# Systems that the library is written for and that are not at hand: that it compiles, without a warning. Nothing is linked, so C compilers that do nothing will do.
check-targets:
	@for target in aarch64-apple-darwin x86_64-unknown-freebsd; do \
	  if rustc --print target-libdir --target $$target 2>/dev/null | xargs test -d; \
	  then echo "checking for $$target"; \
	    TARGET_CC=true TARGET_AR=true $(CARGO) clippy -q --target $$target -p thingspace-session -p thingspace --lib -- -D warnings || exit 1; \
	  else echo "$$target WAS NOT CHECKED: rustup target add $$target"; test "$$CI" != true || exit 1; fi; done

# Without the Rust library beside it: cargo optimises across crates only where all that is built can be linked so. A fifth of the size.
library: target/release/libthingspace_session.so

target/release/libthingspace_session.so: Cargo.toml Cargo.lock build.rs $(wildcard src/*.rs src/*/*.rs src/*/*/*.rs)
	$(CARGO) rustc -q --release -p thingspace-session --lib --crate-type cdylib,staticlib

$(VENV)/ready: bindings/python/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q --disable-pip-version-check -r $<
	touch $@

ruff: $(VENV)/ready
	$(VENV)/bin/ruff check -q --config bindings/python/pyproject.toml .
	$(VENV)/bin/ruff format -q --check --config bindings/python/pyproject.toml .

# What runs on machines that are not here is checked as far as can be.
workflows: $(VENV)/ready
	$(VENV)/bin/actionlint
	$(VENV)/bin/zizmor --quiet --offline .github/workflows

test-python: ruff $(VENV)/ready target/release/libthingspace_session.so
	$(CARGO) build -q -p thingspace-sandbox
	cd bindings/python && ../../$(VENV)/bin/python -m mypy
	$(VENV)/bin/python -m mypy --strict packaging tests/abi
	cd bindings/python && ../../$(VENV)/bin/python -m pytest -q tests

# Without a dotnet the C# binding stays untested: said here, and a failure in CI.
test-csharp: target/release/libthingspace_session.so
	$(CARGO) build -q -p thingspace-sandbox
	@if command -v dotnet >/dev/null; then bindings/csharp/test.sh; \
	else echo "C# WAS NOT TESTED: there is no dotnet on PATH."; test "$$CI" != true; fi

# Without a JDK the Java binding stays untested: said here, and a failure in CI.
test-java: target/release/libthingspace_session.so
	$(CARGO) build -q -p thingspace-sandbox
	@if command -v javac >/dev/null; then bindings/java/test.sh; \
	else echo "JAVA WAS NOT TESTED: there is no javac on PATH."; test "$$CI" != true; fi

# BRIEF=1 measures everything once and short: it tells that the benchmark works, and nothing else.
bench: $(VENV)/ready target/release/libthingspace_session.so
	$(CARGO) build -q --release -p thingspace -p thingspace-sandbox -p thingspace-bench-peers
	$(VENV)/bin/python benches/bench.py $(if $(BRIEF),--brief)

# Without libcurl's headers the benchmark stays untried: said here, and a failure in CI.
test-bench: $(VENV)/ready target/release/libthingspace_session.so
	@if echo '#include <curl/curl.h>' | $(CC) -E - >/dev/null 2>&1; \
	then $(MAKE) -s bench BRIEF=1 >/dev/null; \
	else echo "THE BENCHMARK WAS NOT TRIED: there is no <curl/curl.h>."; test "$$CI" != true; fi

# Every way in which threads can meet in the table of handles; `make test` does it too.
loom:
	$(CARGO) test -p thingspace-session-loom

# The whole width of the model (minutes) and a million steps of simulated histories. Seeds are printed; TSM_SEED=n replays one.
soak:
	TSM_SOAK=1 $(CARGO) test --profile soak -p thingspace-session --lib proof -- --nocapture
	TSM_SOAK=1 $(CARGO) test -p thingspace-session-tests --test many_hosts histories -- --nocapture

# TARGETS names triples of packaging/targets.py; all, if it is not given.
dist: dist-libraries dist-packages

# The packages alone, of libraries that were built before or brought from elsewhere.
dist-packages: $(DIST_VENV)/ready
	rm -rf dist
	$(DIST_PYTHON) packaging/pack_c.py $(TARGETS)
	$(DIST_PYTHON) packaging/pack_command.py $(TARGETS)
	$(DIST_PYTHON) packaging/pack_debian.py $(TARGETS)
	$(DIST_PYTHON) packaging/pack_crate.py
	$(DIST_PYTHON) packaging/pack_python.py $(TARGETS)
	$(DIST_PYTHON) packaging/pack_nuget.py $(TARGETS)
	$(DIST_PYTHON) packaging/pack_java.py $(TARGETS)
	cd dist && sha256sum -- $$(ls | grep -v '^SHA256SUMS$$') >SHA256SUMS

# The libraries that every package is made of, and the command line.
dist-libraries: $(DIST_VENV)/ready
	$(DIST_PYTHON) packaging/build_libraries.py $(TARGETS)

# Tries what `make dist` made; it does not make it anew.
test-dist: $(DIST_VENV)/ready $(DEBIAN_ROOT) $(ARM64_ROOT)
	$(CARGO) build -q -p thingspace-sandbox
	packaging/tests/offline.sh $(DIST_PYTHON) -m pytest -q packaging/tests

# Two builds of what is committed, in two folders; AGAINST=FOLDER compares one with a release.
verify-release:
	$(PYTHON) packaging/verify_release.py $(if $(AGAINST),--against $(AGAINST)) $(TARGETS)

# The oldest Debian that a mirror still has, for its packages and its glibc. Needs root.
$(DEBIAN_ROOT):
	rm -rf $@.part && mkdir -p $(@D)
	debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config bullseye $@.part >/dev/null
	mv $@.part $@

# A Python for qemu: unpacked only, since nothing of it runs here by itself.
$(ARM64_ROOT):
	rm -rf $@.part && mkdir -p $(@D)
	debootstrap --foreign --arch=arm64 --variant=minbase --include=python3 bullseye $@.part >/dev/null
	for package in $@.part/var/cache/apt/archives/*.deb; do dpkg-deb --extract $$package $@.part || exit; done
	mv $@.part $@

$(DIST_VENV)/ready: packaging/requirements.txt packaging/requirements-test.txt
	$(PYTHON) -m venv $(DIST_VENV)
	$(DIST_PYTHON) -m pip install -q --disable-pip-version-check $(^:%=-r %)
	touch $@

generate:
	$(CARGO) run -q -p thingspace-generate

clean:
	$(CARGO) clean
