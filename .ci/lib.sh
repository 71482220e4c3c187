# SPDX-License-Identifier: MIT
# Sourced by each of .ci/checks, in the project's top folder.
set -eu
. tests/support/setup.sh

# What a build with every warning as an error and the quick tests needs.
need compiler meson ninja pkg-config cmocka

# build NAME MESON-OPTION...: a fresh build in build-NAME, which is $dir from then on.
build() {
	dir=build-$1
	shift
	rm -rf "$dir"
	mkdir "$dir"
	meson setup "$dir" -Dwerror=true "$@" >"$dir/setup.log" 2>&1 || {
		cat "$dir/setup.log"
		return 1
	}
	ninja -C "$dir" --quiet
}

# run_tests MESON-TEST-OPTION...: never passes because there was nothing to run.
run_tests() {
	test -n "$(meson test -C "$dir" --no-rebuild --list "$@" 2>/dev/null)" || {
		echo "no tests: $*"
		return 1
	}
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@"
}

quick_tests() {
	run_tests --no-suite kernel --no-suite slow --no-suite programs "$@"
}
