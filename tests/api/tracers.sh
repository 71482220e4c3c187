#!/bin/sh
# SPDX-License-Identifier: MIT
# Spawns work under a debugger that follows either process, a tracer, and valgrind.
# tracers.sh PROGRAM
program=$1
bad=0
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# A debugger that follows the child lets go of the program, which may end after it.
await_result() {
	for _ in $(seq 300); do
		test -s "$dir/result" && return
		sleep 0.1
	done
}

under() {
	command -v "$1" >/dev/null || { echo "no $1 here: not tested"; return; }
	rm -f "$dir/result"
	timeout 100 "$@" "$program" "$dir/result" >"$dir/out" 2>&1 </dev/null
	await_result
	test "$(cat "$dir/result")" = "3 3" && return
	echo "$*: not the statuses 3 and 3"
	cat "$dir/out" "$dir/result"
	bad=1
}

if command -v strace >/dev/null && ! strace -o /dev/null true 2>/dev/null; then
	echo "no tracing here"
	exit 77
fi
under strace -f -o /dev/null
under valgrind -q
for followed in parent child; do
	under gdb -q -batch -ex "set startup-with-shell off" -ex "set follow-fork-mode $followed" -ex run --args
done
exit $bad
