#!/bin/sh
# SPDX-License-Identifier: MIT
# Lean fork wherever the kernel puts stack, heap and mappings. layouts.sh TEST...
command -v setarch >/dev/null || { echo "no setarch here"; exit 77; }
command -v prlimit >/dev/null || { echo "no prlimit here"; exit 77; }

# Each test by the command $1.
under() {
	command=$1 && shift
	$command true 2>/dev/null || { echo "$command: not here"; return 0; }
	for test; do
		$command "$test" >/dev/null
		case $? in
		0) ;;
		77) echo "$test: skipped" && exit 77 ;;
		*) echo "$command $test failed" && exit 1 ;;
		esac
	done
	echo "$command: fine"
}

under "setarch -R" "$@"
under "setarch -L" "$@" # mappings from the bottom up
under "prlimit --stack=1048576:" "$@"
under "prlimit --stack=unlimited:" "$@" # the same
under "prlimit --stack=unlimited: setarch -RL" "$@"
