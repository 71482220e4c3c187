/* SPDX-License-Identifier: MIT */
/* The names of the steps of a spawn. */
#include <safespawn/stage.h>
#include <safespawn.h>

static const char *const names[] = {
	[SS_STAGE_NONE] = "none",
	[SS_STAGE_OPTIONS] = "options",
	[SS_STAGE_PIPE] = "pipe",
	[SS_STAGE_CLONE] = "clone",
	[SS_STAGE_SESSION] = "session",
	[SS_STAGE_GROUP] = "group",
	[SS_STAGE_CGROUP] = "cgroup",
	[SS_STAGE_LIMITS] = "limits",
	[SS_STAGE_SCHED] = "sched",
	[SS_STAGE_NICE] = "nice",
	[SS_STAGE_OOM] = "oom",
	[SS_STAGE_UMASK] = "umask",
	[SS_STAGE_CWD] = "cwd",
	[SS_STAGE_STDIO] = "stdio",
	[SS_STAGE_FDS] = "fds",
	[SS_STAGE_TTY] = "tty",
	[SS_STAGE_GROUPS] = "groups",
	[SS_STAGE_GID] = "gid",
	[SS_STAGE_UID] = "uid",
	[SS_STAGE_PRIVS] = "privs",
	[SS_STAGE_SIGNALS] = "signals",
	[SS_STAGE_PDEATHSIG] = "pdeathsig",
	[SS_STAGE_EXEC] = "exec",
	[SS_STAGE_USER] = "user",
};

const char *ss_stage_name(enum ss_stage stage)
{
	size_t i = (size_t)stage;
	return i < sizeof names / sizeof names[0] && names[i] ? names[i] : "unknown";
}
