/* SPDX-License-Identifier: MIT */
/* How does a daemon that runs as root start a program with as few rights as it needs? */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <safespawn.h>

int main(void)
{
	char *const argv[] = {"sh", "-c",
		"echo $(id -un) $(id -G | wc -w) $(umask) $(ulimit -n) $HOME; grep NoNewPrivs: "
		"/proc/self/status",
		NULL};
	char *const env[] = {"PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL};
	const struct ss_rlimit limits[] = {
		{RLIMIT_NOFILE, {64, 64}},
		{RLIMIT_CORE, {0, 0}},
	};
	struct ss_failure failure;
	struct ss_child child;
	int status;
	if (geteuid() != 0) {
		fprintf(stderr, "only root has rights to drop\n");
		return 77;
	}
	/* .user: uid, gid and all groups; a uid alone would leave root's groups. */
	if (ss_spawn(&child, argv,
		    SS_OPTIONS(.flags = SS_NEW_SESSION | SS_NO_NEW_PRIVS | SS_SET_UMASK, .env = env,
			    .cwd = "/", .in = SS_NULL, .rlimits = limits,
			    .n_rlimits = sizeof limits / sizeof limits[0], .umask = 077,
			    .failure = &failure, .user = "nobody")) < 0) {
		fprintf(stderr, "%s: %s\n", ss_stage_name(failure.stage), strerror(failure.error));
		return 1;
	}
	if (ss_wait(&child, &status, 5000) < 0)
		ss_terminate(&child, &status, 1000);
	ss_release(&child);
	return status != 0;
}
