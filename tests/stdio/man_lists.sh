#!/bin/sh
# SPDX-License-Identifier: MIT
# man_lists.sh STDIO_DIFF PAGE...: the table of intended differences from libc and the lists in the
# man pages are the same.
program=$1
shift
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
export LC_ALL=C
"$program" --list | sort >"$out/table"
for page; do
	sed -n '/^\.SH DIFFERENCES/,/^\.SH EXAMPLES/p' "$page"
done | grep -A1 '^\.TP' | sed -n 's/^\.B //p' | sed 's/\\//g' | sort >"$out/pages"
test -s "$out/table" || exit 1
diff -u "$out/table" "$out/pages"
