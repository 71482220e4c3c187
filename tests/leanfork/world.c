/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

char world_dir[] = "/tmp/leanfork-XXXXXX";
char world_file[64], world_empty[64], world_new[64];
int world_fd, world_pipe[2], world_terminal, world_sockets[2], world_watch;
char *world_shared;
pid_t world_other;
static int master;

static bool write_file(char *path, const char *name, const char *text)
{
	snprintf(path, 64, "%s/%s", world_dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	return good && close(fd) == 0;
}

static bool make_files(void)
{
	if (!mkdtemp(world_dir))
		return false;
	snprintf(world_new, sizeof world_new, "%s/new", world_dir);
	if (!write_file(world_file, "file", "some content\n") ||
		!write_file(world_empty, "empty", ""))
		return false;
	world_fd = open(world_file, O_RDWR);
	world_watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return lseek(world_fd, 2, SEEK_SET) == 2 &&
	       inotify_add_watch(world_watch, world_dir,
		       IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE) >=
		       0;
}

static bool make_other(void)
{
	world_other = fork();
	if (world_other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return world_other > 0;
}

bool world_make(void)
{
	char c = 'x';
	if (setsid() < 0 || openpty(&master, &world_terminal, NULL, NULL, NULL) ||
		ioctl(world_terminal, TIOCSCTTY, 0) || pipe(world_pipe) ||
		write(world_pipe[1], &c, 1) != 1 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, world_sockets) ||
		write(world_sockets[0], &c, 1) != 1)
		return false;
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	world_shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return world_shared != MAP_FAILED && make_files() && make_other();
}

void world_drop(void)
{
	kill(world_other, SIGKILL);
	waitpid(world_other, NULL, 0);
	unlink(world_file);
	unlink(world_empty);
	unlink(world_new);
	rmdir(world_dir);
	const int fds[] = {world_fd, world_pipe[0], world_pipe[1], world_sockets[0],
		world_sockets[1], world_watch, world_terminal, master};
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		close(fds[i]);
	munmap(world_shared, 4096);
}

__attribute__((format(printf, 2, 3))) static void add(FILE *to, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
}

static void add_files(FILE *to)
{
	const struct dirent *entry;
	_Alignas(struct inotify_event) char events[512];
	DIR *dir = opendir(world_dir);
	while (dir && (entry = readdir(dir))) {
		struct stat file;
		if (fstatat(dirfd(dir), entry->d_name, &file, 0) == 0 && entry->d_name[0] != '.')
			add(to, "%s: mode %o, owner %u:%u, %ld bytes, changed %ld.%09ld\n",
				entry->d_name, file.st_mode, file.st_uid, file.st_gid,
				(long)file.st_size, (long)file.st_ctim.tv_sec,
				(long)file.st_ctim.tv_nsec);
	}
	closedir(dir);
	if (read(world_watch, events, sizeof events) > 0)
		add(to, "watchers saw %#x\n",
			((const struct inotify_event *)(const void *)events)->mask);
}

static void add_description(FILE *to, const char *name, int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int waiting = -1;
	ioctl(fd, FIONREAD, &waiting);
	fcntl(fd, F_GETLK, &lock);
	add(to,
		"%s: flags %#x, owner %d, signal %d, lease %d, pipe %d, offset %ld, lock %d, "
		"waiting %d\n",
		name, fcntl(fd, F_GETFL), fcntl(fd, F_GETOWN), fcntl(fd, F_GETSIG),
		fcntl(fd, F_GETLEASE), fcntl(fd, F_GETPIPE_SZ), (long)lseek(fd, 0, SEEK_CUR),
		lock.l_type, waiting);
}

static void add_terminal(FILE *to)
{
	struct termios termios = {0};
	struct winsize size = {0};
	tcgetattr(world_terminal, &termios);
	ioctl(world_terminal, TIOCGWINSZ, &size);
	add(to, "terminal: foreground %d, flags %x %x %x %x, size %d %d\n",
		(int)tcgetpgrp(world_terminal), termios.c_iflag, termios.c_oflag, termios.c_cflag,
		termios.c_lflag, size.ws_row, size.ws_col);
}

static void add_process(FILE *to, pid_t pid)
{
	struct sched_param param = {0};
	struct rlimit limit = {0, 0};
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	sched_getaffinity(pid, sizeof cpus, &cpus);
	sched_getparam(pid, &param);
	add(to, "%s: nice %d, ioprio %ld, policy %d %d, %d processors, group %d, session %d\n",
		pid == getpid() ? "parent" : "other", getpriority(PRIO_PROCESS, (id_t)pid),
		syscall(SYS_ioprio_get, 1, pid), sched_getscheduler(pid), param.sched_priority,
		CPU_COUNT(&cpus), (int)getpgid(pid), (int)getsid(pid));
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		prlimit(pid, i, NULL, &limit);
		add(to, " %lx %lx", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
	}
	add(to, "\n");
}

static void add_own(FILE *to)
{
	char cwd[4096] = "", name[16] = "";
	struct itimerval timer = {{0, 0}, {0, 0}};
	struct stat root = {0};
	mode_t mask = umask(0);
	umask(mask);
	getitimer(ITIMER_REAL, &timer);
	prctl(PR_GET_NAME, name);
	stat("/", &root);
	add(to,
		"directory %s, root %ld, umask %o, uid %d, euid %d, name %s, dumpable %d, slack "
		"%d, "
		"timer %ld\n",
		getcwd(cwd, sizeof cwd), (long)root.st_ino, mask, (int)getuid(), (int)geteuid(),
		name, prctl(PR_GET_DUMPABLE), prctl(PR_GET_TIMERSLACK), timer.it_value.tv_sec);
	add(to, "shared %d\n", world_shared[0] + world_shared[4095]);
}

char *world_describe(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	add_files(to);
	add_description(to, "file", world_fd);
	add_description(to, "pipe", world_pipe[0]);
	add_description(to, "pipe", world_pipe[1]);
	add_description(to, "socket", world_sockets[0]);
	add_description(to, "socket", world_sockets[1]);
	add_terminal(to);
	add_process(to, getpid());
	add_process(to, world_other);
	add_own(to);
	fclose(to);
	return text;
}
