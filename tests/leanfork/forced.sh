#!/bin/sh
# SPDX-License-Identifier: MIT
# A shell script of thousands of forks, each of them leanly: the same output as natively.
# forced.sh SHIM SCRIPT
shim=$(realpath "$1") || exit 99
script=$2
command -v bash >/dev/null || { echo "no bash here"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

run() {
	mkdir "$dir/$1.d" && (cd "$dir/$1.d" && shift && exec timeout 250 "$@") >"$dir/$1" 2>&1
	echo "status $?" >>"$dir/$1"
}

run native bash "$script"
run lean env LD_PRELOAD="$shim" SAFESPAWN_FORK=lean SAFESPAWN_MIN=0 \
	SAFESPAWN_REPORT="$dir/report" bash "$script"
sum() {
	grep -o "\"$1\":[0-9]*" "$dir/report" | awk -F: '{ n += $2 } END { print n + 0 }'
}
echo "$(sum lean) forks lean, $(sum restarted) restarted"
test "$(sum lean)" -gt 100 || { echo "hardly any fork was lean"; exit 1; }
diff "$dir/native" "$dir/lean"
