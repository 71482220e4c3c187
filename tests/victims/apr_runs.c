/* SPDX-License-Identifier: MIT */
/*
 * Runs commands by Apache's portable runtime, holding $MIB mebibytes: apr_proc_create, which forks
 * and execs, plainly and with all that it does between; apr_proc_fork and exec. Says "filled", then
 * each command prints its name; after what fails it goes on.
 */
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static apr_pool_t *pool;

static void wait_for(apr_proc_t *proc)
{
	apr_exit_why_e why;
	int code;
	apr_proc_wait(proc, &code, &why, APR_WAIT);
}

static void create(const char *const *argv, apr_procattr_t *attr)
{
	apr_proc_t proc;
	if (apr_proc_create(&proc, argv[0], argv, NULL, attr, pool) == APR_SUCCESS)
		wait_for(&proc);
}

static void plainly(void)
{
	static const char *const argv[] = {"echo", "create", NULL};
	apr_procattr_t *attr;
	apr_procattr_create(&attr, pool);
	apr_procattr_cmdtype_set(attr, APR_PROGRAM_PATH);
	create(argv, attr);
}

static void report_error(apr_pool_t *in, apr_status_t error, const char *text)
{
	(void)in;
	(void)error;
	(void)text;
}

static void elaborately(void)
{
	static const char *const argv[] = {
		"/bin/sh", "-c", "test $PWD = / && cat && ulimit -n", NULL};
	struct rlimit limit = {50, 50};
	apr_procattr_t *attr;
	apr_proc_t proc;
	char text[16] = "";

	apr_procattr_create(&attr, pool);
	apr_procattr_io_set(attr, APR_FULL_BLOCK, APR_FULL_BLOCK, APR_NO_PIPE);
	apr_procattr_dir_set(attr, "/");
	apr_procattr_cmdtype_set(attr, APR_PROGRAM_ENV);
	apr_procattr_child_errfn_set(attr, report_error);
	apr_procattr_error_check_set(attr, 1);
	apr_procattr_limit_set(attr, APR_LIMIT_NOFILE, &limit);
	if (apr_proc_create(&proc, argv[0], argv, NULL, attr, pool) != APR_SUCCESS)
		return;
	apr_file_puts("elaborate\n", proc.in);
	apr_file_close(proc.in);
	while (apr_file_gets(text, sizeof text, proc.out) == APR_SUCCESS)
		fputs(text, stdout);
	fflush(stdout);
	wait_for(&proc);
}

static void by_fork(void)
{
	apr_proc_t proc;
	apr_status_t status = apr_proc_fork(&proc, pool);
	if (status == APR_INCHILD) {
		execlp("echo", "echo", "fork", NULL);
		_exit(127);
	}
	if (status == APR_INPARENT)
		wait_for(&proc);
}

int main(int argc, const char *const *argv, const char *const *env)
{
	size_t size = (size_t)strtol(getenv("MIB") ? getenv("MIB") : "1", NULL, 10) << 20;
	char *memory = malloc(size);
	apr_app_initialize(&argc, &argv, &env);
	apr_pool_create(&pool, NULL);
	if (!memory)
		return 1;
	memset(memory, 1, size);
	puts("filled");
	fflush(stdout);
	plainly();
	elaborately();
	by_fork();
	apr_terminate();
	free(memory);
	return 0;
}
