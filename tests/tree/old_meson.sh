#!/bin/sh
# SPDX-License-Identifier: MIT
# If meson is too old, the README's commands say so, and what to do, before anything is installed:
# for a meson that is there, and for one that apt-get would install.
cd "$1" || exit 2
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
bad=0

say() {
	echo "$*"
	bad=1
}

# program NAME TEXT: stands before the real one in PATH.
program() {
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/$1"
	chmod +x "$dir/$1"
}

# refuses WHAT: both commands end at once.
refuses() {
	for command in examples/demo.sh tests/run.sh; do
		rm -f "$dir/installed"
		if out=$(PATH=$dir:$PATH sh "$command" 2>&1); then say "$1: $command went on"; fi
		case $out in
		*'meson 0.53.2 is too old'*'pip install meson'*) ;;
		*) say "$1: $command said: $out" ;;
		esac
		test ! -e "$dir/installed" || say "$1: $command installed: $(cat "$dir/installed")"
	done
}

program apt-get "echo \"\$*\" >>'$dir/installed'; exit 1"
program apt-cache 'printf "meson:\n  Installed: (none)\n  Candidate: 0.53.2-2ubuntu2\n"'
program id 'echo 0'
program meson 'echo 0.53.2'
refuses 'the one that is there'
program meson 'exit 127'
refuses 'the one that would be installed'
exit $bad
