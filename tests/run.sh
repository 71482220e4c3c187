#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library in build/ and runs all tests; arguments are passed on to `meson test`.
# On a fresh Debian machine, as root, it first installs what it needs.
set -eu
cd "$(dirname "$0")/.."
. tests/support/setup.sh
need compiler meson ninja pkg-config cmocka
want c++ groff || true
# Small programs that start others, for the suite `programs`; larger ones are tested where they are.
want busybox ed gawk lua5.4 mawk mksh original-awk sqlite3 tclsh || true

if test -e build/build.ninja; then
	meson setup --reconfigure build
else
	meson setup build
fi
meson compile -C build

# Without cmocka meson leaves the tests out: never let that look like success.
if test -z "$(meson test -C build --no-rebuild --list 2>/dev/null)"; then
	echo "tests/run.sh: no tests were built: is cmocka missing?" >&2
	exit 1
fi
exec meson test -C build --print-errorlogs "$@"
