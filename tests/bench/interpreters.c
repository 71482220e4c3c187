/* SPDX-License-Identifier: MIT */
#include "interpreters.h"

#define PERL_STRING "$| = 1; my $x; vec($x, ($ENV{MIB} << 20) - 1, 8) = 1; print qq(\n);"
#define PERL_HASH "$| = 1; my %x; $x{$_} = [$_, qq(a$_)] for 1 .. $ENV{MIB} * 3000; print qq(\n);"

static const char perl_system[] = PERL_STRING "while (<>) { system('true'); print qq(\n) }";
static const char perl_open[] =
	PERL_STRING "while (<>) { open(my $f, '-|', 'true'); <$f>; close $f; print qq(\n) }";
static const char perl_values[] = PERL_HASH "while (<>) { system('true'); print qq(\n) }";

#define RUBY_STRING "$stdout.sync = true; x = 'a' * (ENV['MIB'].to_i << 20); puts;"

static const char ruby_system[] = RUBY_STRING "while $stdin.gets; system('true'); puts; end";
static const char ruby_fork[] =
	RUBY_STRING "while $stdin.gets; Process.wait(fork { exec 'true' }); puts; end";

static const char php_proc_open[] =
	"$x = str_repeat('a', getenv('MIB') << 20); echo \"\\n\";"
	"while (fgets(STDIN)) { proc_close(proc_open(['true'], [], $pipes)); echo \"\\n\"; }";

static const char tcl_exec[] =
	"fconfigure stdout -buffering none; set left $env(MIB);"
	"while {$left > 0} { set n [expr {min($left, 1024)}];"
	"  set x($left) [string repeat a [expr {$n << 20}]]; incr left -$n };"
	"puts {}; while {[gets stdin line] >= 0} { exec true; puts {} }";

static const char node_spawn[] =
	"const c = require('child_process'), fs = require('fs'), a = [], b = Buffer.alloc(1);"
	"for (let i = process.env.MIB; i > 0; i -= 512)"
	"  a.push(Buffer.alloc(Math.min(i, 512) * 2 ** 20, 1));"
	"fs.writeSync(1, '\\n');"
	"while (fs.readSync(0, b) == 1) { c.spawnSync('true'); fs.writeSync(1, '\\n'); }";

#define PYTHON_STRING                                                                              \
	"import os, subprocess, sys\n"                                                             \
	"x = b'a' * (int(os.environ['MIB']) << 20)\n"                                              \
	"print(flush=True)\n"                                                                      \
	"for line in sys.stdin:\n"
#define PYTHON_LIST                                                                                \
	"import os, subprocess, sys\n"                                                             \
	"x = [str(i) for i in range(int(os.environ['MIB']) * 16000)]\n"                            \
	"print(flush=True)\n"                                                                      \
	"for line in sys.stdin:\n"
#define PYTHON_PREEXEC                                                                             \
	"  subprocess.run(['true'], preexec_fn=os.setsid)\n"                                       \
	"  print(flush=True)\n"

static const char python_preexec[] = PYTHON_STRING PYTHON_PREEXEC;
static const char python_values[] = PYTHON_LIST PYTHON_PREEXEC;
static const char python_fork[] = PYTHON_STRING "  pid = os.fork()\n"
						"  if pid == 0: os.execvp('true', ['true'])\n"
						"  os.waitpid(pid, 0)\n"
						"  print(flush=True)\n";

static const char bash_command[] =
	"for i in 1 2 3 4 5 6 7 8; do printf -v x$i \"%$((MIB << 17))s\" ''; done; echo;"
	"while read -r line; do env true; echo; done";

const struct interpreter interpreters[] = {
	{"perl", "system", {"perl", "-e", perl_system}},
	{"perl", "open '-|'", {"perl", "-e", perl_open}},
	{"perl", "system, small values", {"perl", "-e", perl_values}},
	{"ruby", "system", {"ruby", "-e", ruby_system}},
	{"ruby", "fork, exec", {"ruby", "-e", ruby_fork}},
	{"php", "proc_open", {"php", "-d", "memory_limit=-1", "-r", php_proc_open}},
	{"tclsh", "exec", {"sh", "-c", "exec tclsh /dev/fd/3 3<<END\n$0\nEND\n", tcl_exec}},
	{"node", "spawnSync", {"node", "-e", node_spawn}},
	{"python3", "preexec_fn", {"python3", "-c", python_preexec}},
	{"python3", "os.fork, os.exec", {"python3", "-c", python_fork}},
	{"python3", "preexec_fn, small values", {"python3", "-c", python_values}},
	{"bash", "command", {"bash", "-c", bash_command}},
};
const size_t n_interpreters = sizeof interpreters / sizeof interpreters[0];
