#!/bin/sh
# SPDX-License-Identifier: MIT
# What holds for each file of the project: a licence line, no great length, nothing that is true on
# one machine only.
cd "$1" || exit 2
bad=0

say() {
	echo "$*"
	bad=1
}

files=$(find include lib examples tests .ci meson.build README.md -type f)
test "$(echo "$files" | wc -l)" -gt 20 || say "only these files were found: $files"

for file in $files; do
	case $file in
	*.c | *.h | *.S | *.sh | *.py | lib/meson.build | meson.build | .ci/*)
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || say "$file: no SPDX"
		;;
	esac
	case $file in
	tests/fuzz/corpus/* | tests/*/data/*) continue ;;
	esac
	lines=$(wc -l <"$file")
	test "$lines" -le 400 || say "$file: $lines lines, 400 are the limit"
done

# The first letter in brackets, so that this file does not contain what it looks for.
# shellcheck disable=SC2086 # a list of words
grep -nE '(^|[^[:alnum:]_./-])/([w]ork|[r]oot|[h]ome)(/|[^[:alnum:]_/-]|$)' $files &&
	say "the above are paths of one machine"
exit $bad
