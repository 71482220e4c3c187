#!/bin/sh
# SPDX-License-Identifier: MIT
# safespawn preflight: its output for a known machine, its exit status, and its answer for processes
# that cannot be read.
safespawn=$1
data=$2
bad=0
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT

say() {
	echo "$*"
	bad=1
}

expect() { # status, arguments
	want=$1
	shift
	"$safespawn" preflight "$@" >"$out" 2>&1
	got=$?
	test $got = "$want" || say "preflight $*: exit status $got, not $want: $(cat "$out")"
}

printed() {
	grep -qF -e "$1" "$out" || say "'$1' is not in: $(cat "$out")"
}

not_printed() {
	grep -qF -e "$1" "$out" && say "'$1' is in: $(cat "$out")"
}

expect 0 --proc "$data/embedded-4.19" 312
diff -u "$data/embedded-4.19.txt" "$out" || say "the text for a person has changed"
expect 0 --proc "$data/embedded-4.19" --json --all
diff -u "$data/embedded-4.19.json" "$out" || say "JSON is for programs: it must not change"

expect 0 $$
printed "pid $$"
expect 0 --exact $$
printed " mappings, the largest"
expect 0 $$ 999999999
printed "999999999: no such process"
printed "pid $$: fork"
expect 125 999999999
expect 125 --json 999999999
printed '"pid": 999999999, "error": "ESRCH"'
expect 0
printed "vm.overcommit_memory="
expect 0 --all
printed "$$ "
for help in --help -h; do
	expect 0 $help
	printed "--proc DIR"
done
"$safespawn" --help >"$out"
printed "--exact"
printed "--proc DIR"

for wrong in x 0 -1 1x 99999999999999999999 --nothing --proc; do
	expect 125 "$wrong"
	printed "safespawn: preflight: "
done
expect 125 --json -12
printed "'-1'"
expect 125 --json=x
printed "'--json=x' takes"
expect 125 --exact --nothing
printed "'--nothing'"
expect 125 --all 1
expect 125 --proc /nonexistent
expect 125 --proc /etc/passwd
expect 125 --proc /
if test -w /dev/full; then
	for what in $$ --help; do
		"$safespawn" preflight "$what" >/dev/full 2>"$out"
		test $? = 125 || say "$what: a full disk is not noticed"
		printed "cannot write"
	done
fi

# The exit status as an answer.
expect 1 --check --proc "$data/embedded-4.19" 312
expect 1 --check --json --proc "$data/embedded-4.19" 312
expect 1 --watch 0.01 --check --proc "$data/embedded-4.19" 312
test "$(grep -c '^process' "$out")" = 1 || say "--watch --check does not end at once"
expect 125 --check 999999999
for wrong in 0 -1 x 1x 100000 nan inf 0x10; do
	expect 125 --watch $wrong $$
	printed "--watch takes a number of seconds"
done

# Again and again: until nobody reads it any longer.
"$safespawn" preflight --watch 0.01 --proc "$data/embedded-4.19" 312 2>/dev/null |
	grep '^process' | head -n 3 >"$out"
test "$(wc -l <"$out")" = 3 || say "--watch looks once: $(cat "$out")"

expect 0 --metrics --proc "$data/embedded-4.19" 312
printed 'safespawn_processes{fork="refused"} 1'
printed ',verdict="ENOMEM",cause="mapping-over-available"} 1'
printed 'safespawn_overcommit_memory 0'
bare=$(grep -vE '^(# (HELP|TYPE) safespawn_[a-z_]+ .+|safespawn_[a-z_]+([{][a-z]+="[^"]*"(,[a-z]+="[^"]*")*})? (\+Inf|[0-9]+))$' "$out")
test -z "$bare" || say "not Prometheus: $bare"

# No colour but on a terminal.
expect 0 --all
if grep -q "$(printf '\033')" "$out"; then say "colours in a file"; fi
if command -v script >/dev/null; then
	coloured() { # status of grep, environment
		want=$1
		shift
		script -qec "env $* '$safespawn' preflight --proc '$data/embedded-4.19'" /dev/null \
			</dev/null | grep -q "$(printf '\033')\[31mENOMEM "
		test $? = "$want" || say "colours with $*"
	}
	coloured 0 TERM=xterm
	coloured 1 TERM=dumb
	coloured 1 TERM=xterm NO_COLOR=1
fi

# Names that would steer a terminal or break the JSON.
dir=$(mktemp -d) || exit 99
cp -R "$data/embedded-4.19/." "$dir"
named() { # as the kernel writes it, as text, as JSON
	# shellcheck disable=SC2059 # its escapes are for printf
	printf "Name:\t$1\nTgid:\t312\nVmSize:\t 8 kB\n" >"$dir/312/status"
	expect 0 --proc "$dir" 312
	printed "process $2, pid 312"
	expect 0 --proc "$dir" --json 312
	printed "\"name\": \"$3\""
}
named '\033[31m"\\\\\377\303\251' '?[31m"\?é' '\u001b[31m\"\\\ufffdé'
named '\302\23331m\302\241\233' '?31m¡?' '\u009b31m¡\ufffd'
named 'a\\nb\\\\c' 'a?b\c' 'a\u000ab\\c'
named '\360\220\200\200\360\217\277\277' '𐀀????' '𐀀\ufffd\ufffd\ufffd\ufffd'
printf 'Name:\ta"\\nb\\\\c\nTgid:\t312\nVmSize:\t 8 kB\n' >"$dir/312/status"
expect 0 --metrics --proc "$dir" 312
printed 'name="a\"\nb\\c"'
rm "$dir/312/smaps"
expect 0 --proc "$dir" --exact 312
printed "not exact"
expect 0 --proc "$dir" --exact --all
printed "1 could not be read exactly"
expect 0 --proc "$data/embedded-4.19" --exact 312
not_printed "not exact"
mv "$dir/meminfo" "$dir/other"
expect 125 --proc "$dir" 312
printed "$dir/meminfo: No such file or directory"
mv "$dir/other" "$dir/meminfo"
rm "$dir/sys/vm/overcommit_memory"
expect 125 --proc "$dir" 312
printed "$dir/sys/vm/overcommit_memory: No such file or directory"
rm -rf "$dir"

if command -v python3 >/dev/null; then
	"$safespawn" preflight --json | python3 -c 'import json, sys; json.load(sys.stdin)' ||
		say "not JSON"
fi
exit $bad
