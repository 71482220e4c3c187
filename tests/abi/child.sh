#!/bin/sh
# SPDX-License-Identifier: MIT
# child.sh SOURCE_ROOT ARCHIVE: the code between clone and exec calls nothing outside, even if a
# compiler tends to turn loops into calls. It is checked as built, and with each compiler that is installed,
# even with protection or profiling of each function. For coverage it only has to compile.
root=$1 archive=$2
nm=${NM:-nm}
command -v "$nm" >/dev/null || { echo "no $nm"; exit 77; }
top=$(mktemp -d) || exit 2
trap 'rm -rf "$top"' EXIT
bad=0

say() {
	echo "$*"
	bad=1
}

# check WHAT: $top/symbols is what nm says of it.
check() {
	grep -q ' T ss__child_main$' "$top/symbols" || say "$1: where is the child?"
	wanted=$(grep ' U ' "$top/symbols" | grep -vE ' (ss__child_.*|ss__clone_.*|_GLOBAL_OFFSET_TABLE_)$')
	test -z "$wanted" || say "$1 needs something:
$wanted"
}

"$nm" -A "$archive" | grep -E ':engine_(child[a-z_]*|clone)\.c\.o:' >"$top/symbols"
check "$archive"

# can_spare COMPILER: it knows the attribute that keeps a function without a protector.
can_spare() {
	echo 'int x[__has_attribute(no_stack_protector) ? 1 : -1];' |
		$1 -x c -fsyntax-only - 2>/dev/null
}

# compile COMPILER FLAGS FILE...
compile() {
	compiler=$1 flags=$2
	shift 2
	# shellcheck disable=SC2086 # a list of words
	(cd "$top" && $compiler -std=gnu11 -D_GNU_SOURCE $flags -I"$root/lib" -I"$root/include" \
		-c "$@") || say "no $compiler $flags"
}

for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	can_spare $compiler && protect=-fstack-protector-all || protect=
	for flags in '-O0' '-O2' '-O3 -fPIC' "-Os $protect" '-O2 -finstrument-functions'; do
		compile "$compiler" "$flags" "$root"/lib/engine/child*.c "$root"/lib/engine/clone.c
		(cd "$top" && "$nm" -A child*.o clone.o) >"$top/symbols"
		check "$compiler $flags"
		rm -f "$top"/*.o
	done
	compile "$compiler" '-O0 --coverage' "$root"/lib/engine/*.c
done
exit $bad
