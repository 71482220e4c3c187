#!/bin/sh
# SPDX-License-Identifier: MIT
# compare.sh SAFESPAWN PROGRAM COMMAND [ARG...]: COMMAND, which uses PROGRAM, does the same natively and under the shim, in every
# mode: output, errors, exit status, and the files it leaves in its directory. @DIR@ in an argument is
# the directory of this script. Where PROGRAM is not there the exit status is 77.
safespawn=$(realpath "$1")
command -v "$2" >/dev/null 2>&1 || {
	echo "$2 is not there"
	exit 77
}
timeout 10 "$safespawn" run -- "$2" --version </dev/null 2>&1 | grep -q '^safespawn: .* is statically linked' && {
	echo "$2 is statically linked"
	exit 77
}
shift 2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
for argument; do
	shift
	case $argument in
	@DIR@*) argument=$here${argument#@DIR@} ;;
	esac
	set -- "$@" "$argument"
done
export LC_ALL=C HOME="$work" TERM=dumb
unset LD_PRELOAD

# once NAME COMMAND...: runs it in a directory of its own, always of the same name.
once() {
	name=$1
	shift
	mkdir "$work/dir" && cd "$work/dir" || exit 2
	timeout -k 5 60 "$@" </dev/null >"$work/$name.out" 2>"$work/$name.err"
	echo "status $?" >>"$work/$name.out"
	cd / || exit 2
	rm -rf "$work/$name.dir"
	mv "$work/dir" "$work/$name.dir"
}

bad=0
# same MODE MIN COMMAND...: compares with the native result.
same() {
	mode=$1 SAFESPAWN_MIN=$2
	export SAFESPAWN_MIN
	shift 2
	once shim "$safespawn" run "--fork=$mode" -- "$@"
	for part in out err dir; do
		diff -r "$work/native.$part" "$work/shim.$part" >"$work/diff" && continue
		echo "--fork=$mode, SAFESPAWN_MIN=$SAFESPAWN_MIN: $part differs (< native, > shim)"
		cat "$work/diff"
		bad=1
	done
}

once native "$@"
grep -qx 'status 12[4-7]' "$work/native.out" && {
	echo "does not run natively:"
	cat "$work/native.out" "$work/native.err"
	exit 2
}
same rescue 64M "$@"
same off 64M "$@"
same lean 64M "$@"
same lean 0 "$@"
test "$bad" = 0 && cat "$work/native.out" "$work/native.err" && ls "$work/native.dir"
exit $bad
