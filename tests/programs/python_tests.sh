#!/bin/sh
# SPDX-License-Identifier: MIT
# python_tests.sh SAFESPAWN FORK MIN MODULE...: modules of Python's own test-suite pass under the shim.
# A test that fails natively as well is no failure of the shim's; without the test-suite: 77.
safespawn=$(realpath "$1") fork=$2 SAFESPAWN_MIN=$3
shift 3
python=$(python3 -c 'import sys, test.test_subprocess; print(sys.executable)' 2>/dev/null) || {
	echo "no python3 with its test-suite is there"
	exit 77
}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
unset LD_PRELOAD

# Which tests failed, one a line.
run() {
	timeout -k 5 280 "$@" >"$work/log" 2>&1 </dev/null
	status=$?
	sed -nE 's/^(FAIL|ERROR): //p' "$work/log" | sort -u
	test "$status" -le 2 || echo "exit status $status"
	grep -qE '^Ran [1-9]|^Result: |^OK' "$work/log" || echo "nothing was run"
}

export SAFESPAWN_MIN
run "$safespawn" run "--fork=$fork" -- "$python" -m test -v "$@" >"$work/shim"
cp "$work/log" "$work/shim.log"
grep -E '^(Ran|OK|FAILED|Result|Total)' "$work/shim.log"
test -s "$work/shim" || exit 0
run "$python" -m test -v "$@" >"$work/native"
comm -13 "$work/native" "$work/shim" >"$work/worse"
test -s "$work/worse" || exit 0
cat "$work/worse" "$work/shim.log"
exit 1
