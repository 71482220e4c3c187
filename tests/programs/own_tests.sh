#!/bin/sh
# SPDX-License-Identifier: MIT
# own_tests.sh SAFESPAWN PROGRAM [all | FILE...]: compares the results of an interpreter's own tests of
# processes natively and with every fork lean, test by test; without `all` only files that take seconds.
# Its source tree is $SOURCES/PROGRAM; without that, or the program, the exit status is 77. A test
# whose results vary natively may have any of these results.
safespawn=$(realpath "$1") program=$2
shift 2
tree=$SOURCES/$program
test -n "$SOURCES" -a -d "$tree" || {
	echo "no sources of $program: SOURCES=DIRECTORY, with $program in it, says where they are"
	exit 77
}
command -v "$program" >/dev/null || {
	echo "$program is not there"
	exit 77
}
tree=$(realpath "$tree")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 HOME="$work" TERM=dumb
unset LD_PRELOAD

# Of each program: files; more of them; prepare; results FILE COMMAND-PREFIX, which prints a line
# for each test in it.

perl_files='op/fork.t op/exec.t op/die_exit.t op/kill0.t io/pipe.t io/dup.t
	../ext/IPC-Open3/t/IPC-Open2.t ../ext/IPC-Open3/t/IPC-Open3.t ../ext/IPC-Open3/t/fd.t'
perl_more='op/alarm.t op/getppid.t op/magic.t io/open.t io/argv.t io/inplace.t
	../ext/POSIX/t/waitpid.t ../ext/POSIX/t/wrappers.t ../ext/POSIX/t/sigaction.t
	../cpan/IPC-Cmd/t/01_IPC-Cmd.t'

# t of the sources beside the library of the perl that is tested.
perl_prepare() {
	mkdir "$work/perl" "$work/perl/lib"
	cp -R "$tree/t" "$tree/ext" "$tree/cpan" "$work/perl"
	perl -MConfig -e 'print "$_\n" for @Config{qw(privlibexp archlibexp)}' |
		while read -r from; do cp -RLn "$from/." "$work/perl/lib"; done
	cd "$work/perl/t" || exit 2
}

perl_results() {
	file=$1
	shift
	PERL_CORE=1 "$@" perl -I../lib "$file" 2>&1 |
		sed -nE 's/^((not )?ok [0-9]+).*/\1/p; s/^1\.\..*/&/p'
}

ruby_files='test/test_open3.rb test/test_pty.rb'
ruby_more='test/ruby/test_process.rb test/ruby/test_io.rb test/ruby/test_signal.rb
	test/ruby/test_thread_cv.rb'

ruby_prepare() {
	cd "$tree" || exit 2
}

ruby_results() {
	file=$1
	shift
	"$@" ruby -W0 -Itool/lib -Itool/test tool/test/runner.rb -v "$file" 2>&1 | sed -nE \
		-e 's/^\[ *[0-9]+\/[0-9]+\] ([A-Za-z0-9:]*#[^ ]+) = .*/\1/p' \
		-e 's/^([A-Za-z0-9:]*#[^ ]+) \[.*\]:$/FAILED \1/p' -e 's/^[0-9]+ tests, .*, ([0-9]+ fail)/\1/p' | sort
}

php_files='ext/pcntl/tests ext/standard/tests/file/popen_pclose_basic.phpt'
php_more='ext/standard/tests/general_functions ext/standard/tests/streams ext/posix/tests
	sapi/cli/tests'

php_prepare() {
	cd "$tree" || exit 2
	php_program=$(command -v php)
}

php_results() {
	file=$1
	shift
	NO_INTERACTION=1 "$@" php run-tests.php -q -p "$php_program" "$file" 2>&1 |
		sed -E 's/\x1b\[[0-9;]*m//g; s/.*\r//' |
		sed -nE 's/^(PASS|FAIL|SKIP|WARN|LEAK|BORK|XFAIL) .*\[(.*\.phpt)\].*/\1 \2/p'
}

tclsh_files='exec.test pid.test ioCmd.test unixNotfy.test'
tclsh_more='io.test chanio.test execute.test interp.test'

tclsh_prepare() {
	cd "$tree/tests" || exit 2
}

tclsh_results() {
	file=$1
	shift
	"$@" tclsh "$file" -verbose pse -tmpdir "$work" 2>&1 |
		sed -nE 's/^(\+\+\+\+|====) ([^ ]+) .*(PASSED|FAILED).*/\3 \2/p'
}

node_files=$(cd "$tree" && ls test/parallel/test-child-process-spawn*.js \
	test/parallel/test-child-process-exec*.js 2>/dev/null)
node_more=$(cd "$tree" && ls test/parallel/test-child-process-[!se]*.js \
	test/parallel/test-process-*.js test/sequential/test-child-process-*.js 2>/dev/null)

node_prepare() {
	cd "$tree" || exit 2
}

node_results() {
	file=$1
	shift
	# shellcheck disable=SC2046 # a list of words
	"$@" node $(sed -n 's,^// Flags:,,p' "$file") "$file" >/dev/null 2>&1
	echo "status $?"
}

bash_files='run-comsub run-comsub-posix run-execscript run-heredoc run-lastpipe run-procsub
	run-set-e run-vredir'
bash_more=$(cd "$tree/tests" 2>/dev/null && ls run-* 2>/dev/null | grep -vE 'all|minimal|gprof')

# Makes the helpers of its tests as its Makefile does.
bash_prepare() {
	cp -R "$tree" "$work/bash" && cd "$work/bash/tests" || exit 2
	printf '#include <stdlib.h>\n#include <string.h>\n' >bashansi.h
	for helper in recho zecho xcase printenv; do
		cc -w -I. -include unistd.h -o $helper ../support/$helper.c || exit 2
	done
	THIS_SH=$(command -v bash)
	export THIS_SH TMPDIR="$work" BASH_TSTOUT="$work/tstout" PATH="$PWD:$PATH"
}

bash_results() {
	file=$1
	shift
	"$@" bash "./$file" 2>&1 | sed -E "/^warning:/d; s#[0-9]{3,}#N#g" | cat -v
}

# once HOW FILE: prints the results of its tests.
once() {
	how=$1
	shift
	set -- "${program}_results" "$1" timeout -k 5 200
	test "$how" = native || set -- "$@" "$safespawn" run --fork=lean --report="$work/report" --
	SAFESPAWN_MIN=0 "$@" </dev/null
}

# same FILE: the results are among those that there are natively. Leaves their number in $tests.
same() {
	once native "$1" >"$work/native.1"
	once lean "$1" >"$work/lean.1"
	tests=$(wc -l <"$work/native.1")
	for i in 1 2 3; do
		for j in $(seq $i); do
			cmp -s "$work/native.$j" "$work/lean.$i" && return
		done
		once native "$1" >"$work/native.$((i + 1))"
		cmp -s "$work/native.$((i + 1))" "$work/lean.$i" && return
		once lean "$1" >"$work/lean.$((i + 1))"
	done
	diff "$work/native.1" "$work/lean.1"
	return 1
}

"${program}_prepare"
: >"$work/report"
case $1 in
all) eval "set -- \$${program}_files \$${program}_more" ;;
"") eval "set -- \$${program}_files" ;;
esac
all=0 bad=0
for file; do
	same "$file" || {
		echo "$file: not the same (< native, > lean)"
		bad=$((bad + 1))
	}
	all=$((all + tests))
done
sum() {
	grep -o "\"$1\":[0-9]*" "$work/report" | awk -F: '{ n += $2 } END { print n + 0 }'
}
echo "$# files, $all results, $bad files differ; $(sum lean) forks lean, $(sum restarted) restarted"
test "$bad" = 0 -a "$all" -gt 0 -a "$(sum lean)" -gt 0
