/* SPDX-License-Identifier: MIT */
/*
 * Functions without a counterpart in libc: argument vectors, "r+", and both kinds of streams mixed.
 * Linked with --wrap=malloc.
 */
#include <safespawn.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "leak.h"
#include "stdio/streams.h"

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

static int no_memory;

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

static char true_name[] = "true", sh_name[] = "sh", c_option[] = "-c", printf_name[] = "printf",
	    format[] = "%s|", none[] = "is-not-there";

static void vectors_run_without_a_shell(void **state)
{
	static char quotes[] = "it's $HOME; `id` \"x\" *", empty[] = "";
	char line[256] = "";

	(void)state;
	FILE *f = ss_popenv((char *[]){printf_name, format, quotes, empty, c_option, NULL}, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "it's $HOME; `id` \"x\" *||-c|");
	assert_int_equal(ss_pclose(f), 0);
	assert_int_equal(ss_systemv((char *[]){true_name, NULL}), 0);
}

static void every_stream_is_byte_oriented(void **state)
{
	static const char *const modes[] = {"r", "w", "r+"};

	(void)state;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		FILE *f = ss_popen("exit 0", modes[i]);
		assert_non_null(f);
		assert_true(fwide(f, 0) < 0);
		assert_int_equal(ss_pclose(f), 0);
	}
}

static void vectors_give_wait_statuses(void **state)
{
	static char exits[] = "exit 9", dies[] = "kill -9 $$", reads[] = "read x; exit $x";

	(void)state;
	assert_int_equal(ss_systemv((char *[]){sh_name, c_option, exits, NULL}), 9 << 8);
	assert_int_equal(ss_systemv((char *[]){sh_name, c_option, dies, NULL}), 9);
	FILE *f = ss_popenv((char *[]){sh_name, c_option, reads, NULL}, "we");
	assert_non_null(f);
	assert_int_equal(fcntl(fileno(f), F_GETFD), FD_CLOEXEC);
	fputs("7\n", f);
	assert_int_equal(ss_pclose(f), 7 << 8);
}

static void vectors_that_cannot_be_run(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(ss_systemv((char *[]){none, NULL}), 127 << 8);
	assert_int_equal(errno, ENOENT);
	assert_null(ss_popenv((char *[]){none, NULL}, "r"));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(ss_systemv(NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_systemv((char *[]){NULL}), -1);
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(ss_popenv(NULL, "r"));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(ss_popenv((char *[]){NULL}, "r"));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(ss_popenv((char *[]){true_name, NULL}, "rw"));
	assert_int_equal(errno, EINVAL);
}

/*
 * A forked child has a copy of the stream: the command is hung up on all the same. A write that waits
 * for room at that moment ends with EPIPE, to which the kernel adds no SIGPIPE.
 */
static void a_conversation_ends_though_another_process_has_it(void **state)
{
	char line[8] = "";
	(void)state;
	FILE *f = ss_popen("exec yes", "r+");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	int status = ss_pclose(f);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_string_equal(line, "y\n");
	assert_true(status == SIGPIPE || status == 1 << 8);
}

static void no_memory_for_the_stream(void **state)
{
	(void)state;
	errno = 0;
	no_memory = 1;
	FILE *f = ss_popen("exit 3", "r");
	no_memory = 0;
	assert_null(f);
	assert_int_equal(errno, ENOMEM);
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	errno = 12345;
	assert_int_equal(ss_system("exit 3"), 3 << 8);
	assert_int_equal(ss_system(NULL), 1);
	FILE *f = ss_popen("exit 4", "r");
	assert_non_null(f);
	assert_int_equal(ss_pclose(f), 4 << 8);
	f = ss_popen("exec <&-; exit 5", "w");
	assert_non_null(f);
	assert_int_equal(ss_pclose(f), 5 << 8);
	assert_int_equal(errno, 12345);
}

static void a_conversation(void **state)
{
	char line[64];

	(void)state;
	FILE *f = ss_popen("while read a b; do echo $((a + b)); done; echo end; exit 3", "r+");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++) {
		assert_true(fprintf(f, "%d %d\n", i, i * 2) > 0);
		assert_int_equal(fflush(f), 0);
		assert_non_null(fgets(line, sizeof line, f));
		assert_int_equal(atoi(line), i * 3);
	}
	assert_int_equal(shutdown(fileno(f), SHUT_WR), 0);
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "end\n");
	assert_null(fgets(line, sizeof line, f));
	assert_true(feof(f));
	assert_int_equal(ss_pclose(f), 3 << 8);
}

static void half_close_ends_the_input(void **state)
{
	char line[64];

	(void)state;
	FILE *f = ss_popen("sort", "r+e");
	assert_non_null(f);
	assert_int_equal(fcntl(fileno(f), F_GETFD), FD_CLOEXEC);
	fputs("c\na\nb\n", f);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(shutdown(fileno(f), SHUT_WR), 0);
	for (const char *expected = "abc"; *expected; expected++) {
		assert_non_null(fgets(line, sizeof line, f));
		assert_int_equal(line[0], *expected);
	}
	assert_int_equal(ss_pclose(f), 0);
}

/* As the manual advises, for more than the sockets hold. */
static void two_streams_on_one_conversation(void **state)
{
	char line[64];
	int lines = 0;

	(void)state;
	FILE *in = ss_popen("cat", "r+");
	assert_non_null(in);
	FILE *out = fdopen(fcntl(fileno(in), F_DUPFD_CLOEXEC, 0), "w");
	assert_non_null(out);
	for (int i = 0; i < 200; i++) {
		fprintf(out, "%0999d\n%0999d\n", i, i);
		fflush(out);
		for (int part = 0; part < 2 * 1000; part += (int)strlen(line))
			assert_non_null(fgets(line, sizeof line, in));
		lines += 2;
	}
	assert_int_equal(shutdown(fileno(out), SHUT_WR), 0);
	assert_int_equal(fclose(out), 0);
	assert_null(fgets(line, sizeof line, in));
	assert_int_equal(ss_pclose(in), 0);
	assert_int_equal(lines, 400);
}

static void nobody_else_holds_a_conversation_open(void **state)
{
	char line[8];

	(void)state;
	FILE *a = ss_popen("cat; exit 1", "r+"), *b = ss_popen("cat; exit 2", "r+");
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(shutdown(fileno(a), SHUT_WR), 0);
	assert_null(fgets(line, sizeof line, a));
	assert_int_equal(ss_pclose(a), 1 << 8);
	assert_int_equal(ss_pclose(b), 2 << 8);
}

static void until_it_has_said(int bytes, FILE *f)
{
	int said = 0;

	for (int ms = 0; ms < 20000 && said < bytes; ms++) {
		assert_int_equal(ioctl(fileno(f), FIONREAD, &said), 0);
		usleep(1000);
	}
	assert_int_equal(said, bytes);
}

static void a_conversation_half_read_ends_in_end_of_file(void **state)
{
	(void)state;
	FILE *f = ss_popen("printf %010000d 1; cat >/dev/null 2>&1 && exit 3", "r+");
	assert_non_null(f);
	until_it_has_said(10000, f);
	fputs("told\n", f);
	assert_int_equal(ss_pclose(f), 3 << 8);
}

static void what_cannot_be_said_is_an_error(void **state)
{
	siginfo_t info;

	(void)state;
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	FILE *f = ss_popen("exit 0", "r+");
	assert_non_null(f);
	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	fputs("told\n", f);
	errno = 0;
	assert_int_equal(ss_pclose(f), -1);
	assert_int_equal(errno, EPIPE);
	signal(SIGPIPE, before);
}

static void a_forked_child_leaves_the_conversation_alone(void **state)
{
	char line[8];
	int status;

	(void)state;
	FILE *f = ss_popen("echo a; cat; exit 3", "r+");
	assert_non_null(f);
	until_it_has_said(2, f);
	pid_t pid = fork();
	if (pid == 0)
		_exit(ss_pclose(f) != -1 || errno != ECHILD);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "a\n");
	fputs("b\n", f);
	fflush(f);
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "b\n");
	assert_int_equal(ss_pclose(f), 3 << 8);
}

static void streams_of_libc_go_to_libc(void **state)
{
	(void)state;
	FILE *theirs = popen("read x; exit 3", "w"), *ours = ss_popen("read x; exit 4", "w");
	assert_non_null(theirs);
	assert_non_null(ours);
	assert_false(ss__stream_is_ours(theirs));
	assert_true(ss__stream_is_ours(ours));
	fputs("\n", theirs); /* our command has inherited it: it will not see the end of file */
	assert_int_equal(ss_pclose(theirs), 3 << 8);
	assert_int_equal(ss_pclose(ours), 4 << 8);
}

/* Its FILE and its descriptor get into other hands; none of that may be taken for the old stream. */
static void a_stream_closed_by_fclose_is_forgotten(void **state)
{
	(void)state;
	FILE *f = ss_popen("exit 3", "r");
	assert_non_null(f);
	int fd = fileno(f);
	fclose(f);
	assert_true(wait(NULL) > 0);
	assert_int_equal(open("/dev/null", O_RDONLY), fd);
	char *command;
	assert_true(asprintf(&command, "test -c /proc/self/fd/%d", fd) > 0);
	FILE *next = ss_popen(command, "r");
	assert_non_null(next);
	assert_int_equal(ss_pclose(next), 0);
	assert_int_equal(ss_system(command), 0);
	free(command);
	close(fd);
	FILE *same = ss_popen("exit 4", "w");
	assert_non_null(same);
	assert_int_equal(ss_pclose(same), 4 << 8);
}

/* Whatever has its FILE now, at the same descriptor and at another one, is closed as that. */
static void a_file_in_the_place_of_a_closed_stream(void **state)
{
	(void)state;
	for (int moved = 0; moved < 2; moved++) {
		FILE *f = ss_popen("exit 3", "r");
		assert_non_null(f);
		fclose(f);
		int fd = moved ? open("/dev/null", O_RDONLY) : -1;
		FILE *file = fopen("/dev/null", "r");
		assert_non_null(file);
		errno = 12345;
		assert_false(ss__stream_is_ours(file));
		assert_null(ss__stream_take(file));
		assert_int_equal(errno, 12345);
		fclose(file);
		if (moved)
			close(fd);
		assert_true(wait(NULL) > 0);
	}
}

static void a_stream_reopened_is_no_longer_the_commands(void **state)
{
	(void)state;
	FILE *f = ss_popen("exit 3", "r");
	assert_non_null(f);
	assert_ptr_equal(freopen("/dev/null", "r", f), f);
	assert_false(ss__stream_is_ours(f));
	fclose(f);
	assert_true(wait(NULL) > 0);
}

static void a_stream_whose_descriptor_is_closed_is_still_ours(void **state)
{
	(void)state;
	FILE *f = ss_popen("exit 3", "r");
	assert_non_null(f);
	close(fileno(f));
	errno = 12345;
	assert_true(ss__stream_is_ours(f));
	assert_int_equal(ss_pclose(f), 3 << 8);
	assert_int_equal(errno, 12345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vectors_run_without_a_shell),
		TEST(vectors_give_wait_statuses),
		TEST(every_stream_is_byte_oriented),
		TEST(vectors_that_cannot_be_run),
		TEST(a_conversation_ends_though_another_process_has_it),
		TEST(no_memory_for_the_stream),
		TEST(errno_is_left_alone),
		TEST(a_conversation),
		TEST(half_close_ends_the_input),
		TEST(two_streams_on_one_conversation),
		TEST(nobody_else_holds_a_conversation_open),
		TEST(a_conversation_half_read_ends_in_end_of_file),
		TEST(what_cannot_be_said_is_an_error),
		TEST(a_forked_child_leaves_the_conversation_alone),
		TEST(streams_of_libc_go_to_libc),
		TEST(a_stream_closed_by_fclose_is_forgotten),
		TEST(a_file_in_the_place_of_a_closed_stream),
		TEST(a_stream_reopened_is_no_longer_the_commands),
		TEST(a_stream_whose_descriptor_is_closed_is_still_ours),
	};
	return RUN_TESTS(tests);
}
