#!/bin/sh
# SPDX-License-Identifier: MIT
# examples.sh DIRECTORY WHICH: what the examples that are built there print; all of them, or the simple
# ones, which need no more than posix_spawn.
examples=$1
bad=0
temp=$(mktemp -d) || exit 2
trap 'rm -rf "$temp"' EXIT

say() {
	echo "$*"
	bad=1
}

# same STATUS EXPECTED EXAMPLE ARGUMENT...
same() {
	status=$1 expected=$2 example=$3
	shift 3
	printed=$("$examples/$example" "$@" 2>"$temp/errors")
	got=$?
	test $got = "$status" || say "$example: exit status $got: $(cat "$temp/errors")"
	test "$printed" = "$expected" && return
	printf '%s: printed\n%s\ninstead of\n%s\n' "$example" "$printed" "$expected"
	bad=1
}

export LC_ALL=C
tick="it's"
same 0 "shell: exit status 0
name: $tick \$HOME; \`id\`
no shell: exit status 0" replace_system "$tick \$HOME; \`id\`"
# shellcheck disable=SC2012 # the example is about ls
same 0 "$(ls -a / | sort | awk '{ printf "%3d %s\n", NR, $0 }')" read_lines
same 0 "$(seq 1 10)" feed_command
same 0 '1 2: 3
20 22: 42
-5 5: 0
goodbye' conversation
same 0 'apple
pear
plum' capture
same 0 '      3 plum
      2 pear
      1 apple' pipeline
same 1 'wait status 0x300: again in 10 ms
wait status 0x300: again in 20 ms
wait status 0x300: again in 40 ms
wait status 0x300: again in 80 ms
given up' supervisor sh -c 'exit 3'
same 0 '' supervisor true
if command -v gzip >/dev/null; then
	head -c 3000000 /dev/urandom >"$temp/big"
	same 0 '' compress "$temp/big" "$temp/big.gz"
	gzip -dc "$temp/big.gz" | cmp -s - "$temp/big" || say "compress: not the same"
	grep -q '100%' "$temp/errors" || say "compress: no progress: $(cat "$temp/errors")"
	same 1 '' compress "$temp/big" /dev/full
	grep -q 'not written' "$temp/errors" || say "compress: $(cat "$temp/errors")"
fi
test "$2" = all || exit $bad

same 0 'output: one
ended with exit status 3' event_loop
same 1 '45 passed, 5 failed, 0 timed out' test_runner
grep -q '50 of 50 done, 5 failed' "$temp/errors" || say "test_runner: $(cat "$temp/errors")"
same 0 "$(printf 'typed\r\n24 80\r\ngot typed\r')" terminal
if test "$(id -u)" = 0; then
	same 0 'nobody 1 0077 64 /nonexistent
NoNewPrivs:	1' drop_privileges
else
	same 77 '' drop_privileges
fi
exit $bad
