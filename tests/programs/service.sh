#!/bin/sh
# SPDX-License-Identifier: MIT
# service.sh SHIM OVERSIZED MARK FIRST SCRIPT PROGRAM [NEEDED...]: a service, PROGRAM, does the same natively and under
# the shim: with every fork lean, with each first fork refused (MARK, FIRST), and with one mapping larger
# than memory (OVERSIZED).
# SCRIPT starts it by `under COMMAND...`, in an empty directory, and prints what must be the same. It
# says why it can't run by `skip REASON`. Where PROGRAM or something NEEDED is not there the exit status
# is 77.
PATH=$PATH:/usr/sbin:/sbin
for version in /usr/lib/postgresql/*/bin; do PATH=$version:$PATH; done
shim=$(realpath "$1") oversized=$(realpath "$2") mark=$(realpath "$3") first=$(realpath "$4")
script=$5 path=$(command -v "$6") program=$(basename "$6")
shift 5
for needed; do
	command -v "$needed" >/dev/null || { echo "$needed is not there"; exit 77; }
done
work=$(mktemp -d) || exit 2
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
unset LD_PRELOAD
export LC_ALL=C

# under COMMAND...: in place of a shell of its own, in the condition that is tested.
under() {
	case $condition in
	native) exec "$@" ;; # a process of its own: the caller is a subshell
	lean) export LD_PRELOAD="$shim" SAFESPAWN_FORK=lean SAFESPAWN_MIN=0 ;;
	refused) export LD_PRELOAD="$mark $shim $first" SAFESPAWN_MIN=0 ;;
	enomem) export LD_PRELOAD="$oversized $shim" OVERSIZED="$program" ;;
	esac
	SAFESPAWN_REPORT=$report exec "$@"
}

skip() {
	echo "$*" >"$work/skip"
	exit 77
}

# until_true COMMAND...: gives up after a minute or so.
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		test $tries -lt 600 || { echo "in vain: $1"; exit 1; }
		sleep 0.1
	done
}

# once CONDITION
once() {
	condition=$1 report=$work/$1.report
	mkdir "$work/dir" && chmod 777 "$work/dir"
	: >"$report" && chmod 666 "$report"
	(cd "$work/dir" && trap 'kill $server 2>/dev/null' EXIT && . "$script") </dev/null >"$work/$1" 2>"$work/$1.err"
	echo "status $?" >>"$work/$1"
	rm -rf "$work/dir"
	test ! -e "$work/skip" || { cat "$work/skip"; exit 77; }
}

# sum NAME: of a count, over all that was reported.
sum() {
	grep -o "\"$1\":[0-9]*" "$report" | awk -F: '{ n += $2 } END { print n + 0 }'
}

bad=0
once native
for name in lean refused enomem; do
	once $name
	echo "$name: $(sum lean) forks lean, $(sum rescued) rescued, $(sum native) native, $(sum failed) failed"
	test "$(sum failed)" -eq 0 && test "$(sum fork)" -gt 0 || bad=1
	test $name != enomem || test "$(sum rescued)" -gt 0 || bad=1
	diff "$work/native" "$work/$name" && continue
	echo "$name differs (< native, > $name)"
	cat "$work/$name.err" "$report"
	bad=1
done
cat "$work/native"
grep -q '^status 0' "$work/native" || { cat "$work/native.err"; bad=1; }
exit $bad
