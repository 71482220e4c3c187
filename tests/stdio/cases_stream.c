/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "handlers.h"
#include "record.h"

static void wrong_direction(const struct lib *lib, int arg)
{
	char byte;

	(void)arg;
	FILE *r = said_popen(lib, "r", "echo x", "r"), *w = said_popen(lib, "w", "cat", "w");
	errno = 0;
	say_result("write to r", fputs("y", r));
	say_result("flush r", fflush(r));
	say("r has error", "%d", ferror(r) != 0);
	errno = 0;
	say_result("read from w", (int)fread(&byte, 1, 1, w));
	say("w has error", "%d", ferror(w) != 0);
	errno = 0;
	say_result("seek r", fseek(r, 0, SEEK_SET));
	errno = 0;
	say_result("tell w", (int)ftell(w));
	clearerr(r);
	say("reads on", "%c", fgetc(r));
	say("pushes back", "%c", ungetc('z', r));
	say("reads back", "%c", fgetc(r));
	said_pclose(lib, "r close", r);
	said_pclose(lib, "w close", w);
	say_process("after");
}

static void wide_characters(const struct lib *lib, int arg)
{
	wchar_t line[32] = L"";

	(void)arg;
	FILE *r = said_popen(lib, "r", "echo wide", "r");
	say("orientation", "%d", fwide(r, 1) > 0);
	say("line", "%d %ls", fgetws(line, 32, r) != NULL, line);
	said_pclose(lib, "close", r);
	FILE *w = said_popen(lib, "w", "cat", "w");
	say("written", "%d", fputws(L"wide too\n", w) >= 0);
	said_pclose(lib, "close", w);
}

/* What is written before the stream is flushed arrives in blocks of the same size. */
static void buffering(const struct lib *lib, int arg)
{
	struct stat st;

	(void)arg;
	FILE *w = said_popen(lib, "w", "exec sleep 1000", "w");
	for (int i = 0; i < 20; i++) {
		int unread = -1;
		fprintf(w, "%0999d\n", i);
		if (ioctl(fileno(w), FIONREAD, &unread) < 0)
			unread = -2;
		say("unread", "%d", unread);
	}
	fstat(fileno(w), &st);
	say("type", "%o block %ld", st.st_mode & S_IFMT, (long)st.st_blksize);
	_exit(0);
}

static void reads_a_lot(const struct lib *lib, int mib)
{
	char block[5000];
	size_t n, total = 0;
	unsigned sum = 0;

	FILE *r = said_popen(lib, "r", command_line("seq 1 %d", mib * 150000), "r");
	while ((n = fread(block, 1, sizeof block, r)) > 0) {
		total += n;
		for (size_t i = 0; i < n; i++)
			sum = sum * 31 + (unsigned char)block[i];
	}
	say("total", "%zu %u eof %d", total, sum, feof(r) != 0);
	said_pclose(lib, "close", r);
}

static void writes_a_lot(const struct lib *lib, int mib)
{
	FILE *w = said_popen(lib, "w", "cksum", "w");

	for (int i = 0; i < mib * 150000; i++)
		if (fprintf(w, "%d\n", i) < 0)
			say("cannot write", "%d", i);
	said_pclose(lib, "close", w);
}

static void command_does_not_read(const struct lib *lib, int status)
{
	static const char block[1000];
	FILE *w;

	on_signal(SIGPIPE, status < 0 ? SIG_DFL : SIG_IGN, 0);
	w = said_popen(lib, "w", command_line("exec <&-; echo >ready; exit %d", abs(status)), "w");
	while (access("ready", F_OK) < 0)
		usleep(1000);
	errno = 0;
	say_result("write", (int)fwrite(block, 1, sizeof block, w));
	said_pclose(lib, "close", w);
	say_process("after");
}

/* The command is killed by SIGPIPE once nobody reads. */
static void caller_does_not_read(const struct lib *lib, int lines)
{
	char line[64];
	FILE *r = said_popen(lib, "r", "exec seq 1 1000000", "r");

	for (int i = 0; i < lines; i++)
		say("line", "%s", fgets(line, sizeof line, r) ? line : "none");
	said_pclose(lib, "close", r);
}

static void stream_of_fopen(const struct lib *lib, int which)
{
	static const char *const paths[] = {"/dev/null", "file", "/dev/full"};
	FILE *f = fopen(paths[which], "we");

	fputs("text\n", f);
	said_pclose(lib, "pclose", f);
	say_file("written", "file");
	say_process("after");
}

#ifdef __GLIBC__ /* musl's pclose of such a stream waits for any command that is running */
static void stream_of_fopen_among_ours(const struct lib *lib, int arg)
{
	(void)arg;
	FILE *p = said_popen(lib, "open", "read x; exit 3", "w"), *f = fopen("file", "we");
	fputs("text\n", f);
	fclose(f);
	f = fopen("file", "re");
	said_pclose(lib, "pclose of a file", f);
	fputs("more\n", p);
	said_pclose(lib, "pclose", p);
	say_process("after");
}
#endif

static void pclose_of_null(const struct lib *lib, int arg)
{
	FILE *volatile none = NULL;

	(void)arg;
	said_pclose(lib, "pclose", none);
}

static void fclose_for_pclose(const struct lib *lib, int arg)
{
	siginfo_t info;

	(void)arg;
	FILE *f = said_popen(lib, "open", "cat; exit 3", "w");
	fputs("text\n", f);
	errno = 0;
	say_result("fclose", fclose(f));
	waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
	say_process("after");
	/* What the closed stream's descriptor is now does not matter to later commands. */
	dup2(1, open("/dev/null", O_RDONLY));
	say_seen_all_ways(lib);
}

static void descriptor_closed_before(const struct lib *lib, int status)
{
	FILE *f = said_popen(lib, "open", command_line("read x; exit %d", status), "w");

	close(fileno(f));
	said_pclose(lib, "close", f);
	say_process("after");
}

static void descriptor_replaced_before(const struct lib *lib, int arg)
{
	(void)arg;
	FILE *f = said_popen(lib, "open", "exit 3", "w");
	int null = open("/dev/null", O_WRONLY);

	dup2(null, fileno(f));
	close(null);
	said_pclose(lib, "close", f);
	say_process("after");
}

static void reaped_before(const struct lib *lib, int arg)
{
	int status;

	(void)arg;
	FILE *f = said_popen(lib, "open", "exit 3", "w");
	say("waited", "%d", wait(&status) > 0);
	say("status", "%#x", status);
	said_pclose(lib, "close", f);
}

static void interleaved(const struct lib *lib, int arg)
{
	char line[64] = "";

	(void)arg;
	FILE *a = said_popen(lib, "a", "echo one; read x; echo $x", "r");
	FILE *b = said_popen(lib, "b", "read x; echo got $x", "w");
	say("a", "%s", fgets(line, sizeof line, a));
	fputs("two\n", b);
	said_pclose(lib, "b close", b);
	say("a", "%s", fgets(line, sizeof line, a) ? line : "end");
	said_pclose(lib, "a close", a);
	say_process("after");
}

/* A program that uses popen runs a program that uses popen, and so on. */
static void popen_in_popen(const struct lib *lib, int depth)
{
	say_popen(lib, "popen",
		command_line("exec %s --nested %s %d", this_program, lib->name, depth), "r");
	say_system(lib, "system",
		command_line("exec %s --nested %s %d", this_program, lib->name, depth));
}

static void unflushed_output_of_the_caller(const struct lib *lib, int arg)
{
	(void)arg;
	printf("from the caller\n");
	say_system(lib, "system", "echo from the command");
	say_popen(lib, "popen", "cat; echo from the other", "w");
	fflush(stdout);
}

static void closed_in_any_order(const struct lib *lib, int arg)
{
	FILE *f[6];

	(void)arg;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 6; i++)
			f[i] = said_popen(lib, "open", command_line("exit %d", i + 1), "r");
		for (int i = 0; i < 6; i++)
			said_pclose(lib, "close", f[(i * 5 + round) % 6]);
	}
	say_process("after");
}

const struct test_case stream_cases[] = {
	CASE(wrong_direction),
	CASE(wide_characters),
	CASE(buffering),
	CASES(reads_a_lot, 1, 2),
	CASES(writes_a_lot, 1, 2),
	CASES(command_does_not_read, -1, 2),
	CASES(caller_does_not_read, 0, 2),
	CASES(stream_of_fopen, 0, 2),
#ifdef __GLIBC__
	CASE(stream_of_fopen_among_ours),
#endif
	CASE(pclose_of_null),
	CASE(fclose_for_pclose),
	CASES(descriptor_closed_before, 0, 1),
	CASE(descriptor_replaced_before),
	CASE(reaped_before),
	CASE(interleaved),
	CASES(popen_in_popen, 0, 3),
	CASE(unflushed_output_of_the_caller),
	CASE(closed_in_any_order),
	{0},
};
