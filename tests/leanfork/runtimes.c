/* SPDX-License-Identifier: MIT */
#include "runtimes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char in_perl[] = "$| = 1; my $x; vec($x, ($ENV{MIB} << 20) - 1, 8) = 1;"
			      "print qq(filled\n); system('echo', 'sys'); print `echo ticks`;"
			      "if (open(my $f, '-|', 'echo', 'pipe')) { print <$f>; }";

static const char in_ruby[] = "$stdout.sync = true; x = 'a' * (ENV['MIB'].to_i << 20);"
			      "puts 'filled'; system('echo', 'sys');"
			      "puts((`echo ticks` rescue 'none'));"
			      "begin; IO.popen(['echo', 'pipe']) { |f| puts f.read }; rescue; end";

static const char in_php[] = "$x = str_repeat('a', getenv('MIB') << 20); echo \"filled\\n\";"
			     "$p = @proc_open(['echo', 'open'], [], $pipes);"
			     "if ($p) proc_close($p);";

static const char in_tcl[] = "fconfigure stdout -buffering none;"
			     "for {set i 0} {$i < $env(MIB) / 1024} {incr i} {"
			     "  set x($i) [string repeat a [expr {1 << 30}]]};"
			     "puts filled; catch {puts [exec echo exec]};"
			     "catch {puts [exec echo pipe | cat]}";

static const char in_node[] =
	"const c = require('child_process'), a = [];"
	"for (let i = 0; i < process.env.MIB / 1024; i++) a.push(Buffer.alloc(2 ** 30, 1));"
	"console.log('filled');"
	"console.log(String(c.spawnSync('echo', ['spawn']).stdout));"
	"try { console.log(String(c.execSync('echo exec'))); } catch (e) {}";

static const char in_python[] =
	"import os, subprocess\n"
	"x = b'a' * (int(os.environ['MIB']) << 20)\n"
	"print('filled', flush=True)\n"
	"try: subprocess.run(['echo', 'preexec'], preexec_fn=lambda: os.setsid())\n"
	"except OSError: pass\n"
	"try:\n"
	"  pid = os.fork()\n"
	"  if pid == 0: os.execvp('echo', ['echo', 'fork'])\n"
	"  os.waitpid(pid, 0)\n"
	"except OSError: pass\n";

/* Its strings are slow to make. The text of a script that is read is kept while it runs: this one
 * reads itself four times, one inside the other. */
static const char in_bash[] =
	"f=$(mktemp) || exit; level=4;"
	"{ echo '((level-- > 1)) && . /dev/fd/9; echo filled; env echo sys; env echo pipe | cat; "
	"exit';"
	"head -c $((MIB / 4))M /dev/zero | tr '\\0' '#'; } >$f; exec 9<$f; rm $f; . /dev/fd/9";

const struct runtime runtimes[] = {
	{"perl", {"perl", "-e", in_perl}, {"sys", "ticks", "pipe"}},
	{"ruby", {"ruby", "-e", in_ruby}, {"sys", "ticks", "pipe"}},
	{"php", {"php", "-d", "memory_limit=-1", "-r", in_php}, {"open"}},
	{"tclsh", {"sh", "-c", "printf %s \"$0\" | exec tclsh", in_tcl}, {"exec", "pipe"}},
	{"node", {"node", "-e", in_node}, {"spawn", "exec"}},
	{"python3", {"python3", "-c", in_python}, {"preexec", "fork"}},
	{"victim_apr_runs", {"victim_apr_runs"}, {"create", "elaborate", "fork"}},
	{"victim_glib_runs", {"victim_glib_runs", "forks"}, {"sync", "setup", "subprocess"}},
	{"bash", {"bash", "-c", in_bash}, {"sys", "pipe"}},
};
const size_t n_runtimes = sizeof runtimes / sizeof runtimes[0];

const char *program_path(const char *name)
{
	static char found[4096];
	char *copy = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin"), *rest = copy;
	const char *result = NULL;
	for (char *dir; !result && (dir = strsep(&rest, ":")) != NULL;) {
		snprintf(found, sizeof found, "%s/%s", dir, name);
		if (access(found, X_OK) == 0)
			result = found;
	}
	free(copy);
	return result;
}
