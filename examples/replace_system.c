/* SPDX-License-Identifier: MIT */
/* How do I replace system(), and better still a command line put together from parts? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <safespawn.h>

static int report(const char *what, int status)
{
	if (status == -1)
		printf("%s: no process: %s\n", what, strerror(errno));
	else if (WIFSIGNALED(status))
		printf("%s: killed by signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: exit status %d\n", what, WEXITSTATUS(status));
	fflush(stdout);
	return status != 0;
}

int main(int argc, char *argv[])
{
	char *name = argc > 1 ? argv[1] : "; echo a name that is a command";

	/* was: system("test -d /tmp") */
	int failed = report("shell", ss_system("test -d /tmp"));

	/* was: sprintf(line, "printf 'name: %%s\\n' '%s'", name); system(line) */
	char *const print[] = {"printf", "name: %s\n", name, NULL};
	return report("no shell", ss_systemv(print)) || failed;
}
