#!/bin/sh
# SPDX-License-Identifier: MIT
# Lean fork wherever the kernel puts stack, heap and mappings. layouts.sh TEST...
command -v setarch >/dev/null || { echo "no setarch here"; exit 77; }

# Each test by the command $1.
under() {
	command=$1 && shift
	$command true 2>/dev/null || { echo "$command: not here"; return 0; }
	for test; do
		$command "$test" >/dev/null || { echo "$command $test failed"; exit 1; }
	done
	echo "$command: fine"
}

all() {
	under "setarch -R" "$@"  # always at the same places
	under "setarch -L" "$@"  # mappings from the bottom up
	under "setarch -RL" "$@" # and the heap right after the program
	under "setarch -RX" "$@" # what can be read can be executed
}

all "$@"
(ulimit -s 1024 && echo "small stack" && under env "$@") || exit 1
(ulimit -s unlimited && echo "unlimited stack" && under env "$@" && all "$@") || exit 1
