#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that forks leanly by itself forks natively under a tracer, a debugger and valgrind.
# tools.sh SHIM PROGRAM
shim=$1
program=$2
bad=0
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# with KIND COMMAND...: it ends well, and its fork is of that kind
with() {
	kind=$1
	shift
	command -v "$1" >/dev/null || { echo "no $1 here: not tested"; return; }
	rm -f "$dir/report"
	SAFESPAWN_FORK=lean SAFESPAWN_REPORT=$dir/report timeout 100 "$@" >"$dir/out" 2>&1
	status=$?
	if test $status = 0 && grep '"program":"[^"]*big_fork"' "$dir/report" | grep -q "\"$kind\":1,"; then
		return
	fi
	echo "$*: status $status"
	cat "$dir/out" "$dir/report"
	bad=1
}

with lean env LD_PRELOAD="$shim" "$program"
with native strace -f -o /dev/null env LD_PRELOAD="$shim" "$program"
with native gdb -q -batch -ex "set startup-with-shell off" \
	-ex "set environment LD_PRELOAD $shim" -ex run -ex "quit \$_exitcode" --args "$program"
if command -v valgrind >/dev/null; then
	LD_PRELOAD=$shim SAFESPAWN_FORK=lean timeout 100 valgrind -q "$program" >"$dir/out" 2>&1 ||
		{ echo "valgrind: status $?"; cat "$dir/out"; bad=1; }
else
	echo "no valgrind here: not tested"
fi
exit $bad
