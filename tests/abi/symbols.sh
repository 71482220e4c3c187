#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh LIBRARY MAP HEADER...: the library exports, the version script names, and the headers
# declare the same list, except for the functions that the linker's --wrap calls.
export LC_ALL=C
library=$1 map=$2
shift 2
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
${NM:-nm} -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	sort >"$out/exported"
sed -n '/^global:/,/^[l}]/s/^[ \t]*\([a-zA-Z_0-9]*\);.*/\1/p' "$map" | sort >"$out/map"
grep -hv '^#' "$@" | tr '\n' ' ' | grep -o 'SS_API [^;]*;' |
	sed 's/^[^(]*[ *]\([a-z_0-9]*\)(.*/\1/' | sort >"$out/headers"

bad=0
test -s "$out/exported" || { echo "$library exports nothing"; bad=1; }
sed -i '/^__wrap_/d' "$out/exported" "$out/map"
for list in map headers; do
	diff -u "$out/exported" "$out/$list" || { echo "exported and $list differ"; bad=1; }
done
exit $bad
