#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's commands name what is there, and its C is the example that is built and run.
cd "$1" || exit 2
bad=0

say() {
	echo "$*"
	bad=1
}

for command in 'sh examples/demo.sh' 'sh tests/run.sh'; do
	grep -qxF "$command" README.md || say "README.md has no line '$command'"
	test -f "${command#sh }" || say "$command: no such file"
done

# Every path of the project that is mentioned in `...` or in parentheses.
for path in $(grep -oE '(build/)?\b(include|lib|examples|tests|\.github)/[[:alnum:]_./-]*[[:alnum:]_]' README.md |
	grep -v '^build/' | sort -u); do
	test -e "$path" || say "README.md mentions $path: no such file"
done

# The first C block, without the two lines that the example has for its licence.
example=$(sed '/SPDX-License-Identifier/d' examples/first.c)
block=$(awk '/^```/ { if (on) exit; on = $0 == "```c"; next } on' README.md)
test "$example" = "$block" || say "README.md's first C is not examples/first.c"
exit $bad
