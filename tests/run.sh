#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library in build/ and runs all tests; arguments are passed on to `meson test`.
# With --sysctls first, as root, tests may change kernel settings for a moment (vm.overcommit_* and
# the like); without it these tests are skipped.
# On a fresh Debian machine, as root, it first says what it needs, and installs that.
set -eu
cd "$(dirname "$0")/.."
if test "${1-}" = --sysctls; then
	shift
	TEST_SYSCTLS=1
	export TEST_SYSCTLS
fi
. tests/support/setup.sh
need compiler meson ninja pkg-config cmocka
want c++ groff mandoc || true
# Small programs that start others, for the suite `programs`; larger ones are tested where they are.
want busybox ed gawk lua5.4 mawk mksh original-awk sqlite3 tclsh || true

if test -e build/build.ninja; then
	meson setup --reconfigure build -Dauto_features=enabled
else
	meson setup build -Dauto_features=enabled
fi
meson compile -C build
exec meson test -C build --print-errorlogs "$@"
