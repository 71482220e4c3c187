#!/bin/sh
# SPDX-License-Identifier: MIT
# Each whole C program in a man page compiles without a warning.
cd "$1" || exit 2
command -v "${CC:-cc}" >/dev/null || exit 77
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
bad=0

# One file for each .EX block, without the escapes of roff.
awk -v dir="$dir" '
	/^\.EE/ { close(out); out = "" }
	out {
		gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\\(dq/, "\""); gsub(/\\&/, "")
		gsub(/\\e/, "\\")
		print > out
	}
	/^\.EX/ { n = split(FILENAME, part, "/"); out = dir "/" part[n] "." ++number ".c" }
' lib/man/*.[1-9]

found=
for example in "$dir"/*.c; do
	grep -q '^int main' "$example" || continue
	found=1
	"${CC:-cc}" -Wall -Wextra -Werror -Iinclude -c -o "$dir/object" "$example" || bad=1
done
test -n "$found" || { echo "no examples found"; bad=1; }
exit $bad
