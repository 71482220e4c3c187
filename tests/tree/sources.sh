#!/bin/sh
# SPDX-License-Identifier: MIT
# Rules for each file of the project: a licence line, no great length, nothing that is true on
# one machine only.
cd "$1" || exit 2
bad=0

say() {
	echo "$*"
	bad=1
}

files=$(find include lib examples tests .ci meson.build README.md -type f)
test "$(echo "$files" | wc -l)" -gt 20 || say "only these files were found: $files"

# shellcheck disable=SC2086 # a list of words
awk '
FNR == 1 { check(); file = FILENAME; lines = licensed = 0 }
FNR <= 3 && /SPDX-License-Identifier: MIT/ { licensed = 1 }
{ lines = FNR }
END { check(); exit bad }

function say(text) { print file ": " text; bad = 1 }

function check(most) {
	if (file ~ /\.([chS]|sh|py)$|^(lib\/)?meson.build$|^\.ci\// && !licensed)
		say("no SPDX line")
	most = file ~ /^(tests|include|lib\/man)\// ? 600 : 400
	if (lines > most && file !~ /^tests\/(fuzz\/corpus|[a-z]*\/data)\//)
		say(lines " lines, " most " are the limit")
}' $files || bad=1

# The first letter in brackets, so that this file does not contain what it looks for.
# shellcheck disable=SC2086 # a list of words
grep -nE '(^|[^[:alnum:]_./-])/([w]ork|[r]oot|[h]ome)/' $files &&
	say "the above are paths of one machine"
exit $bad
