/* SPDX-License-Identifier: MIT */
/*
 * Children that open files for writing before they exec, as shells do. What is there afterwards, and
 * what a watcher of the directory saw, is the same as natively; most of them are made leanly.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/kernel_numbers.h"
#include "forking.h"

static char dir[] = "/tmp/leanfork-XXXXXX";

static int runs(void)
{
	execl("/bin/sh", "sh", "-c",
		"echo out; ! test -f /dev/fd/2 || echo err >&2; readlink /proc/$$/fd/1",
		(char *)NULL);
	return 9;
}

static int to(const char *path, int flags, int fd)
{
	int file = open(path, flags, 0666);
	if (file < 0)
		return -1;
	if (dup2(file, fd) != fd)
		return -1;
	return file == fd ? 0 : close(file);
}

#define NEW (O_WRONLY | O_CREAT | O_TRUNC)
#define APPEND (O_WRONLY | O_CREAT | O_APPEND)

static int makes_a_file(void)
{
	return to("new", NEW, 1) ? 1 : runs();
}

static int empties_a_file(void)
{
	return to("old", NEW, 1) ? 1 : runs();
}

static int empties_an_empty_file(void)
{
	return to("empty", NEW, 1) ? 1 : runs();
}

static int appends(void)
{
	return to("old", APPEND, 1) ? 1 : runs();
}

static int appends_to_a_new_file(void)
{
	return to("new", APPEND, 1) ? 1 : runs();
}

static int overwrites(void)
{
	return to("old", O_RDWR, 1) ? 1 : runs();
}

static int both_into_one(void)
{
	return to("new", NEW, 1) || dup2(1, 2) != 2 ? 1 : runs();
}

static int two_files(void)
{
	return to("new", NEW, 1) || to("old", NEW, 2) ? 1 : runs();
}

static int the_same_file_twice(void)
{
	return to("old", NEW, 1) || to("old", NEW, 2) ? 1 : runs();
}

static int five_files(void)
{
	const char *const names[] = {"1", "2", "3", "4", "5"};
	for (int i = 0; i < 5; i++)
		if (to(names[i], NEW, 100 + i))
			return 1;
	return runs();
}

static int with_an_input(void)
{
	return to("old", O_RDONLY, 0) || to("new", NEW, 1) ? 1 : runs();
}

static int with_an_input_afterwards(void)
{
	return to("new", NEW, 1) || to("/dev/null", O_RDONLY, 0) || to("old", O_RDONLY, 3) ? 1
											   : runs();
}

static int reads_what_it_makes(void)
{
	return to("new", NEW, 1) || to("new", O_RDONLY, 0) ? 1 : runs();
}

static int by_an_absolute_path(void)
{
	char path[64];
	snprintf(path, sizeof path, "%s/sub/new", dir);
	return to(path, NEW, 1) ? 1 : runs();
}

static int by_a_link_that_leads_nowhere(void)
{
	return to("link", NEW, 1) ? 1 : runs();
}

static int changes_directory_first(void)
{
	return chdir("sub") || to("new", NEW, 1) ? 1 : runs();
}

static int changes_directory_afterwards(void)
{
	return to("new", NEW, 1) || chdir("sub") ? 1 : runs();
}

static int with_an_umask(void)
{
	umask(027);
	return to("new", NEW, 1) ? 1 : runs();
}

static int changes_umask_afterwards(void)
{
	int r = to("new", NEW, 1);
	umask(077);
	return r ? 1 : runs();
}

static int looks_at_it(void)
{
	struct stat file;
	return to("old", NEW, 1) || fstat(1, &file) || file.st_size ? 1 : runs();
}

static int looks_at_a_new_one(void)
{
	struct stat file;
	return to("new", NEW, 1) || fstat(1, &file) || file.st_size ? 1 : runs();
}

/* As glibc 2.42 does for isatty. */
static bool is_terminal(int fd)
{
	char termios[KERNEL_TERMIOS2_SIZE];
	return isatty(fd) || syscall(SYS_ioctl, fd, KERNEL_TCGETS2, termios) == 0;
}

/* As stdio does before it buffers. */
static int looks_at_all_of_it(void)
{
	struct stat file, there;
	time_t now = time(NULL);
	stat("old", &there);
	if (to("old", NEW | O_APPEND, 1) || fstat(1, &file) || is_terminal(1) ||
		lseek(1, 0, SEEK_CUR))
		return 1;
	return file.st_ino == there.st_ino && file.st_mode == there.st_mode && !file.st_size &&
			       !file.st_blocks && file.st_mtime >= now
		       ? runs()
		       : 1;
}

static int by_the_name_of_a_descriptor(void)
{
	return to("new", NEW, 1) || to("/dev/stdout", APPEND, 2) ? 1 : runs();
}

/* Which leads elsewhere by the time of exec. */
static int by_the_name_of_another_descriptor(void)
{
	return to("old", O_RDONLY, 7) || to("/dev/fd/7", NEW, 1) || to("new", NEW, 7) ? 1 : runs();
}

static int by_the_name_of_one_that_is_not_there(void)
{
	return to("/dev/fd/7", NEW, 1) ? 18 : to("new", NEW, 7) ? 1 : runs();
}

static int as_a_high_number(void)
{
	return to("new", NEW, 1) || dup2(1, 1500) != 1500 ||
			       execl("/bin/sh", "sh", "-c", "echo high >/proc/$$/fd/1500",
				       (char *)NULL)
		       ? 1
		       : 2;
}

static int looks_for_it(void)
{
	return to("new", NEW, 1) || access("new", F_OK) ? 1 : runs();
}

static int asks_for_its_flags(void)
{
	return to("new", NEW, 1) || (fcntl(1, F_GETFL) & O_ACCMODE) != O_WRONLY ? 1 : runs();
}

static int writes_to_it(void)
{
	return to("new", NEW, 1) || write(1, "first\n", 6) != 6 ? 1 : runs();
}

static int closes_it(void)
{
	return to("new", NEW, 50) || close(50) ? 1 : runs();
}

static int closes_it_by_range(void)
{
	return to("new", NEW, 50) || syscall(SYS_close_range, 40, 60, 0) ? 1 : runs();
}

static int leaves_it_to_exec_to_close(void)
{
	return open("new", NEW | O_CLOEXEC, 0600) < 0 || open("other", NEW, 0600) < 0 ? 1 : runs();
}

static int closes_a_copy_at_exec(void)
{
	return to("new", NEW, 1) || fcntl(1, F_DUPFD_CLOEXEC, 30) < 0 ? 1 : runs();
}

static int fails_to_open(void)
{
	return to("missing/new", NEW, 1) ? 11 : runs();
}

static int opens_a_directory(void)
{
	return to("sub", NEW, 1) ? 12 : runs();
}

static int exclusively(void)
{
	return to("new", NEW | O_EXCL, 1) ? 1 : runs();
}

static int finds_its_program_in_the_end(void)
{
	if (to("new", NEW, 1))
		return 1;
	execl("/nonexistent/sh", "sh", (char *)NULL);
	execl("old/sh", "sh", (char *)NULL);
	return runs();
}

static int finds_no_program(void)
{
	if (to("old", NEW, 1))
		return 1;
	execl("/nonexistent/sh", "sh", (char *)NULL);
	return errno == ENOENT ? 13 : 1;
}

static int runs_what_is_no_program(void)
{
	if (to("new", NEW, 1))
		return 1;
	execl("./script", "script", (char *)NULL);
	return errno == ENOEXEC ? 14 : 1;
}

static int runs_a_script_without_interpreter(void)
{
	if (to("new", NEW, 1))
		return 1;
	execl("./broken", "broken", (char *)NULL);
	return errno == ENOENT ? 15 : 1;
}

static int runs_a_script(void)
{
	if (to("new", NEW, 1))
		return 1;
	execl("./good", "good", (char *)NULL);
	return 1;
}

static int has_too_many_arguments(void)
{
	char *argv[102];
	memset(block, 'x', 100000);
	block[100000] = 0;
	for (int i = 0; i < 101; i++)
		argv[i] = (char *)block;
	argv[101] = NULL;
	if (to("old", NEW, 1))
		return 1;
	execv("/bin/sh", argv);
	return errno == E2BIG ? 16 : 1;
}

static int becomes_somebody_else(void)
{
	return to("new", NEW, 1) || setuid(65534) ? 17 : runs();
}

static const struct redirection {
	const char *name;
	int (*run)(void);
	bool lean;
} redirections[] = {
	{"makes a file", makes_a_file, true},
	{"empties a file", empties_a_file, true},
	{"empties an empty file", empties_an_empty_file, true},
	{"appends", appends, true},
	{"appends to a new file", appends_to_a_new_file, true},
	{"overwrites", overwrites, true},
	{"both into one", both_into_one, true},
	{"two files", two_files, true},
	{"the same file twice", the_same_file_twice, true},
	{"five files", five_files, false},
	{"with an input", with_an_input, true},
	{"with an input afterwards", with_an_input_afterwards, true},
	{"reads what it makes", reads_what_it_makes, false},
	{"by an absolute path", by_an_absolute_path, true},
	{"by a link that leads nowhere", by_a_link_that_leads_nowhere, true},
	{"changes directory first", changes_directory_first, true},
	{"changes directory afterwards", changes_directory_afterwards, false},
	{"with an umask", with_an_umask, true},
	{"changes umask afterwards", changes_umask_afterwards, false},
	{"looks at it", looks_at_it, true},
	{"looks at a new one", looks_at_a_new_one, false},
	{"looks at all of it", looks_at_all_of_it, true},
	{"looks for it", looks_for_it, false},
	{"by the name of a descriptor", by_the_name_of_a_descriptor, false},
	{"by the name of another descriptor", by_the_name_of_another_descriptor, true},
	{"by the name of one that is not there", by_the_name_of_one_that_is_not_there, false},
	{"as a high number", as_a_high_number, false},
	{"asks for its flags", asks_for_its_flags, true},
	{"writes to it", writes_to_it, false},
	{"closes it", closes_it, true},
	{"closes it by range", closes_it_by_range, true},
	{"leaves it to exec to close", leaves_it_to_exec_to_close, true},
	{"closes a copy at exec", closes_a_copy_at_exec, true},
	{"fails to open", fails_to_open, false},
	{"opens a directory", opens_a_directory, false},
	{"exclusively", exclusively, false},
	{"finds its program in the end", finds_its_program_in_the_end, true},
	{"finds no program", finds_no_program, false},
	{"runs what is no program", runs_what_is_no_program, false},
	{"runs a script without interpreter", runs_a_script_without_interpreter, false},
	{"runs a script", runs_a_script, true},
	{"has too many arguments", has_too_many_arguments, false},
	{"becomes somebody else", becomes_somebody_else, false},
};
#define N_REDIRECTIONS (sizeof redirections / sizeof redirections[0])

static void make(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_files(void)
{
	assert_int_equal(mkdir("sub", 0755), 0);
	make("old", "old content\n", 0644);
	make("empty", "", 0644);
	make("script", "echo not run by the kernel\n", 0755);
	make("broken", "#!/nonexistent/interpreter\n", 0755);
	make("good", "#! /bin/sh -e\necho good\n", 0755);
	assert_int_equal(symlink("target", "link"), 0);
}

static void drop_files(const char *path)
{
	char name[512];
	const struct dirent *entry;
	DIR *files = opendir(path);
	while (files && (entry = readdir(files))) {
		if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name)
			continue;
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			drop_files(name);
			rmdir(name);
		} else {
			unlink(name);
		}
	}
	closedir(files);
}

static void describe_file(FILE *out, int at, const char *name)
{
	char text[200] = "";
	struct stat file;
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file) || !S_ISREG(file.st_mode)) {
		close(fd);
		return;
	}
	ssize_t n = read(fd, text, sizeof text - 1);
	fprintf(out, "%s: mode %o, owner %u, %zd bytes: %s\n", name, file.st_mode, file.st_uid, n,
		text);
	close(fd);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void describe_files(FILE *out, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, by_name);
	int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		describe_file(out, at, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	close(at);
}

/* Not how often something was written, which is the program's. */
static void describe_events(FILE *out, int watch)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t n;
	while ((n = read(watch, events, sizeof events)) > 0)
		for (ssize_t i = 0; i < n;) {
			const struct inotify_event *event = (const void *)(events + i);
			fprintf(out, "%s %#x\n", event->len ? event->name : "", event->mask);
			i += (ssize_t)(sizeof *event + event->len);
		}
}

static char *outcome_of(const struct redirection *redirection, bool lean)
{
	char *text = NULL;
	size_t size = 0;
	int status = -1;
	make_files();
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	inotify_add_watch(
		watch, dir, IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE);
	pid_t pid = lean ? fork_lean(LEAN_EAGER) : fork();
	if (pid == 0)
		_exit(redirection->run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	FILE *out = open_memstream(&text, &size);
	fprintf(out, "status %#x\n", (unsigned)status);
	describe_events(out, watch);
	describe_files(out, dir);
	describe_files(out, "sub");
	fclose(out);
	close(watch);
	drop_files(dir);
	return text;
}

static int compare(const struct redirection *redirection)
{
	char *native = outcome_of(redirection, false), *lean = outcome_of(redirection, true);
	bool same = !strcmp(native, lean);
	bool as_wanted = last.outcome == (redirection->lean ? LEAN_DONE : LEAN_RESTARTED);
	if (!same)
		print_error("%s:\n%s", redirection->name, lean);
	if (!same)
		print_error("natively:\n%s", native);
	if (!as_wanted)
		print_error("%s: outcome %d, reason %d, call %d\n", redirection->name,
			(int)last.outcome, (int)last.reason, (int)last.call);
	free(native);
	free(lean);
	return !same || !as_wanted;
}

static void each_redirection_is_as_natively(void **state)
{
	int bad = 0;
	(void)state;
	for (size_t i = 0; i < N_REDIRECTIONS; i++)
		bad += compare(&redirections[i]);
	assert_int_equal(bad, 0);
}

static int setup(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? block_setup(state) : -1;
}

static int teardown(void **state)
{
	drop_files(dir);
	rmdir(dir);
	return block_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_redirection_is_as_natively),
	};
	return cmocka_run_group_tests(tests, setup, teardown) != 0;
}
