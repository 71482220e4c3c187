/* SPDX-License-Identifier: MIT */
/* What a program is run in: a directory, descriptors, shared memory; and how it all is afterwards. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

struct common *common;

static void put(int fd, int at)
{
	if (fd == at)
		return;
	if (dup2(fd, at) != at)
		abort();
	close(fd);
}

static void put_pair(const int pair[2], int in, int out)
{
	int high = fcntl(pair[1], F_DUPFD, 100);
	close(pair[1]);
	put(pair[0], in);
	put(high, out);
}

/* Made once, before the first run. */
static unsigned char contents[2 * DATA_SIZE];

void world_prepare(void)
{
	for (size_t i = 0; i < sizeof contents; i++)
		contents[i] = (unsigned char)scramble(i / 7);
}

static void write_file(const char *name, size_t size, int at)
{
	int fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0644);
	if (write(fd, contents, size) != (ssize_t)size)
		abort();
	if (at < 0)
		close(fd);
	else
		put(fd, at);
}

static void make_files(void)
{
	write_file("data", DATA_SIZE, -1);
	write_file("shared", 2 * DATA_SIZE, -1);
	write_file("append", 7, FD_APPEND);
	put(open("data", O_RDWR), FD_DATA);
	put(open("shared", O_RDWR), FD_SHARED);
	if (mkdir("sub", 0755) || symlink("data", "link") || symlink("nowhere", "dangling"))
		abort();
	write_file("sub/inner", 100, -1);
	lseek(FD_DATA, 100, SEEK_SET);
}

static void make_channels(bool terminal)
{
	int pair[2];
	if (pipe(pair) || write(pair[1], "waiting in the pipe", 19) != 19)
		abort();
	put_pair(pair, FD_PIPE_IN, FD_PIPE_OUT);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	put_pair(pair, FD_PAIR, FD_PAIR_OTHER);
	if (pipe(pair))
		abort();
	put_pair(pair, FD_ASK_IN, FD_ASK_OUT);
	if (pipe(pair))
		abort();
	put_pair(pair, FD_REPLY_IN, FD_REPLY_OUT);
	put(open("/dev/null", O_RDWR), FD_NULL);
	put(open(".", O_RDONLY | O_DIRECTORY), FD_DIR);
	pair[0] = pair[1] = -1;
	if (terminal && openpty(&pair[0], &pair[1], NULL, NULL, NULL))
		abort();
	if (!terminal)
		pair[0] = open("/dev/null", O_RDWR), pair[1] = open("/dev/null", O_RDWR);
	put_pair(pair, FD_MASTER, FD_SLAVE);
	if (pipe2(pair, O_NONBLOCK))
		abort();
	put(pair[0], FD_NONBLOCK);
	put(pair[1], 39);
}

static void make_common(void)
{
	pthread_mutexattr_t attributes;
	common = mmap(
		NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED)
		abort();
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init((pthread_mutex_t *)(void *)common->robust, &attributes);
}

void world_make(const struct program *p)
{
	bool terminal = false;
	for (size_t i = 0; i < p->n_steps; i++)
		terminal |=
			!p->steps[i].dropped && work_of(p->steps[i].kind)->flags & WORK_TERMINAL;
	umask(022);
	if (chdir(settings.dir))
		abort();
	close_range(3, ~0U, 0);
	put(open(settings.results, O_WRONLY | O_APPEND), FD_RESULTS);
	put(open("/dev/null", O_RDONLY), 0);
	put(open("out", O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
	put(open("err", O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
	make_files();
	make_channels(terminal);
	make_common();
}

static void note_file(const char *dir, const char *name)
{
	static char text[1 << 20];
	char path[600], link[100] = "";
	struct stat file;
	uint64_t hash = 0;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (lstat(path, &file))
		return;
	if (S_ISREG(file.st_mode)) {
		int fd = open(path, O_RDONLY);
		ssize_t n = read(fd, text, sizeof text);
		hash = hash_bytes(text, n > 0 ? (size_t)n : 0, 1);
		close(fd);
	} else if (S_ISLNK(file.st_mode) && readlink(path, link, sizeof link - 1) < 0) {
		link[0] = '?';
	}
	note("%s %o %ld %u %lu %llx %s", path, file.st_mode,
		S_ISDIR(file.st_mode) ? 0 : (long)file.st_size, file.st_uid,
		(unsigned long)file.st_nlink, (unsigned long long)hash, link);
}

static void note_files(const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
			note_file(dir, entries[i]->d_name);
			if (entries[i]->d_type == DT_DIR && !strcmp(dir, "."))
				note_files(entries[i]->d_name);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void note_descriptors(void)
{
	for (int fd = 0; fd < 60; fd++) {
		int flags = fcntl(fd, F_GETFL), waiting = -1;
		if (flags < 0)
			continue;
		if (ioctl(fd, FIONREAD, &waiting) < 0 || fd == FD_RESULTS || fd == FD_MASTER)
			waiting = -1;
		note("descriptor %d: %x %x at %ld, %d waiting, pipe %d, owner %d", fd,
			(unsigned)flags, (unsigned)fcntl(fd, F_GETFD),
			fd == FD_RESULTS ? 0 : (long)lseek(fd, 0, SEEK_CUR), waiting,
			fcntl(fd, F_GETPIPE_SZ), fcntl(fd, F_GETOWN) != 0);
	}
}

static void note_terminal(void)
{
	struct termios t;
	struct winsize size = {0};
	if (tcgetattr(FD_SLAVE, &t))
		return;
	ioctl(FD_SLAVE, TIOCGWINSZ, &size);
	note("terminal %x %x %x %x %u %u", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, size.ws_row,
		size.ws_col);
}

static void note_common(void)
{
	int error = pthread_mutex_trylock((pthread_mutex_t *)(void *)common->robust);
	note("robust lock %d, counter %u, words %llx, futex %d", error, common->counter,
		(unsigned long long)hash_bytes(
			(const void *)(uintptr_t)common->words, sizeof common->words, 1),
		common->futex);
}

void world_note(void)
{
	note_files(".");
	note_descriptors();
	note_terminal();
	note_common();
}
