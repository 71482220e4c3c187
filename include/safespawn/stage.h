/* SPDX-License-Identifier: MIT */
#ifndef SAFESPAWN_STAGE_H
#define SAFESPAWN_STAGE_H

/* The steps of a spawn. Their numbers say nothing about their order. */
enum ss_stage {
	SS_STAGE_NONE,
	SS_STAGE_OPTIONS,   /* the options: bad value, bad combination, no memory */
	SS_STAGE_PIPE,      /* making a pipe */
	SS_STAGE_CLONE,     /* making the process */
	SS_STAGE_SESSION,   /* setsid */
	SS_STAGE_GROUP,     /* setpgid */
	SS_STAGE_CGROUP,    /* joining the cgroup */
	SS_STAGE_LIMITS,    /* prlimit */
	SS_STAGE_SCHED,     /* sched_setaffinity */
	SS_STAGE_NICE,      /* setpriority */
	SS_STAGE_OOM,       /* /proc/self/oom_score_adj */
	SS_STAGE_UMASK,     /* umask */
	SS_STAGE_CWD,       /* chdir */
	SS_STAGE_STDIO,     /* opening or placing a descriptor 0 to 2 */
	SS_STAGE_FDS,       /* mapping or closing any other descriptor */
	SS_STAGE_TTY,       /* TIOCSCTTY */
	SS_STAGE_GROUPS,    /* setgroups */
	SS_STAGE_GID,       /* setresgid */
	SS_STAGE_UID,       /* setresuid */
	SS_STAGE_PRIVS,     /* PR_SET_NO_NEW_PRIVS */
	SS_STAGE_SIGNALS,   /* dispositions and mask */
	SS_STAGE_PDEATHSIG, /* PR_SET_PDEATHSIG */
	SS_STAGE_EXEC,      /* execve */
	SS_STAGE_USER       /* looking up the account, before all else */
};

#endif
