/* SPDX-License-Identifier: MIT */
/* The exec, with the search along PATH. The rules of child.c apply. */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/child_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "engine/path.h"

static PLAIN long exec_by_shell(const struct job *job, const char *path)
{
	/* shell_argv is writable for this one store; exec only reads it. */
	job->shell_argv[1] = (char *)(uintptr_t)path;
	return raw3(SYS_execve, job->shell_argv[0], job->shell_argv, job->env);
}

static PLAIN long exec_one(const struct job *job, const char *path)
{
	long error = raw3(SYS_execve, path, job->argv, job->env);
	if (error == -ENOEXEC && job->shell_argv)
		error = exec_by_shell(job, path);
	return error;
}

static PLAIN long exec_descriptor(const struct job *job)
{
	return raw5(SYS_execveat, job->exec_fd, "", job->argv, job->env, AT_EMPTY_PATH);
}

long PLAIN ss__child_exec(const struct job *job)
{
	long error = -ENOENT;
	if (job->flags & JOB_EXEC_FD)
		return exec_descriptor(job);
	int denied = 0;
	for (const char *path = job->paths; *path; path++) {
		error = exec_one(job, path);
		if (!path_goes_on((int)-error))
			return error;
		denied |= error == -EACCES;
		while (*path)
			path++;
	}
	return denied ? -EACCES : error;
}

#endif
