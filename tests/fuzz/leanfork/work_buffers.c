/* SPDX-License-Identifier: MIT */
/* Calls whose arguments lie in memory that a child has from its parent. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fuzz.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

static void note_memory(const char *at, size_t size)
{
	unsigned faults = 0;
	uint64_t hash = look(at, size, &faults);
	note("then %llx, %u faults", (unsigned long long)hash, faults);
}

static size_t odd_size(const struct step *s)
{
	return some_size(s->c) - s->c / 8 % 2000;
}

static char *odd_place(const struct program *p, const struct step *s)
{
	return some_page(p, s->a, s->b) + s->c / 16 % 3 * 1000;
}

WORK(reads_a_file)
{
	int fd = open("data", O_RDONLY);
	char *at = odd_place(p, s);
	note_result("read", read(fd, at, odd_size(s)));
	note_memory(some_page(p, s->a, s->b), odd_size(s) + PAGE_SIZE);
	close(fd);
}

WORK(reads_at)
{
	note_result("pread", pread(FD_DATA, odd_place(p, s), odd_size(s), s->c % 7000));
	note_memory(some_page(p, s->a, s->b), odd_size(s) + PAGE_SIZE);
}

WORK(writes_to_own_file)
{
	int fd = open("own", O_RDWR | O_CREAT, 0644);
	note_result("open", fd);
	note_result("write", write(fd, odd_place(p, s), odd_size(s)));
	close(fd);
}

WORK(writes_at)
{
	note_result("pwrite", pwrite(FD_DATA, odd_place(p, s), odd_size(s), s->c % 70000));
}

static void vector(const struct program *p, const struct step *s, struct iovec v[3])
{
	for (unsigned i = 0; i < 3; i++)
		v[i] = (struct iovec){
			some_page(p, s->a + i, s->b + 7 * i) + 40 * i, some_size(s->c >> i) - 100};
}

WORK(reads_a_vector)
{
	struct iovec v[3];
	vector(p, s, v);
	int fd = open("data", O_RDONLY);
	note_result("readv", s->c & 256 ? readv(fd, v, 3) : preadv(fd, v, 3, 512));
	for (unsigned i = 0; i < 3; i++)
		note_memory(some_page(p, s->a + i, s->b + 7 * i), v[i].iov_len);
	close(fd);
}

WORK(writes_a_vector)
{
	struct iovec v[3];
	vector(p, s, v);
	note_result("writev", writev(FD_APPEND, v, 3));
}

WORK(asks_where)
{
	char *at = some_page(p, s->a, s->b), *got = getcwd(at + 3, 512);
	note("%d %s", got != NULL, got ? "" : strerrorname_np(errno));
}

WORK(asks_for_names)
{
	char *at = some_page(p, s->a, s->b);
	note_result("uname", uname((struct utsname *)(void *)at));
	note_memory(at, PAGE_SIZE);
	note_result("gethostname", gethostname(at + 2000, 100));
}

WORK(names_a_file)
{
	char *at = some_page(p, s->a, s->b) + PAGE_SIZE - 8;
	struct stat file;
	if (!poke(at, 0x61746164)) /* "data" */
		return;
	note_result("stat", stat(at, &file));
	int fd = open(at, O_RDONLY);
	note_result("open", fd);
	note_result("access", access(at, W_OK));
	if (s->c & 1)
		close(fd);
}

WORK(names_garbage)
{
	struct stat file;
	note_result("stat", stat(some_page(p, s->a, s->b), &file));
	note_result("open", open(some_page(p, s->a, s->b) + 2048, O_RDONLY));
	note_result("chdir", chdir(some_page(p, s->b, s->c)));
}

static char *bad_pointer(const struct program *p, const struct step *s)
{
	size_t i = s->a % p->n_slots;
	char *const bad[] = {NULL, (char *)8, (char *)-4096, slot_start(i) - 64,
		slot_start(i) + slot_size(&p->slots[i]) - 8, slot_start(SLOTS_ALL)};
	return bad[s->b % 6];
}

WORK(gives_a_bad_pointer)
{
	char *bad = bad_pointer(p, s);
	static const struct timespec *none;
	switch (s->c % 8) {
	case 0:
		note_result("read", pread(FD_DATA, bad, 300, 0));
		break;
	case 1:
		note_result("write", write(FD_NULL, bad, 300));
		break;
	case 2:
		note_result("open", open(bad, O_RDONLY));
		break;
	case 3:
		note_result("pipe", pipe((int *)(void *)bad));
		break;
	case 4:
		note_result("stat", stat("data", (struct stat *)(void *)bad));
		break;
	case 5:
		note_result("sigaction", syscall(SYS_rt_sigaction, 10, bad, NULL, 8));
		break;
	case 6:
		note_result("sigprocmask", syscall(SYS_rt_sigprocmask, 0, bad, bad, 8));
		break;
	default:
		note_result("execve", syscall(SYS_execve, bad, bad, none));
	}
}

WORK(gets_random_bytes)
{
	note_result("getrandom", getrandom(some_page(p, s->a, s->b), 64, 0));
	for (size_t i = 0; i < 64; i += 8)
		poke(some_page(p, s->a, s->b) + i, i);
}

WORK(goes_through_a_pipe)
{
	int own[2];
	char *from = odd_place(p, s), *to = some_page(p, s->b, s->a);
	note_result("pipe", s->c & 1 ? pipe(own) : pipe2(own, O_NONBLOCK | O_CLOEXEC));
	note_result("write", write(own[1], from, 3000 + s->c % 3000));
	note_result("close", close(own[1]));
	note_result("read", read(own[0], to, 8192));
	note_memory(to, 2 * PAGE_SIZE);
	close(own[0]);
}

WORK(sends_a_message)
{
	int pair[2];
	struct iovec out = {odd_place(p, s), 5000},
		     in[2] = {{some_page(p, s->b, s->c), 100}, {some_page(p, s->c, s->a), 4900}};
	struct msghdr to = {.msg_iov = &out, .msg_iovlen = 1},
		      from = {.msg_iov = in, .msg_iovlen = 2};
	note_result("socketpair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	note_result("sendmsg", sendmsg(pair[0], &to, MSG_DONTWAIT));
	note_result("recvmsg", recvmsg(pair[1], &from, MSG_DONTWAIT));
	note_memory(some_page(p, s->c, s->a), 2 * PAGE_SIZE);
	close(pair[0]);
	close(pair[1]);
}

WORK(reads_own_memory)
{
	struct iovec to = {some_page(p, s->b, s->a), 2 * PAGE_SIZE},
		     from = {some_page(p, s->a, s->b), 2 * PAGE_SIZE};
	note_result("process_vm_readv", process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	note_memory(to.iov_base, to.iov_len);
}

WORK(uses_proc_self_mem)
{
	uint64_t word = 0x1234;
	off_t at = (off_t)(uintptr_t)some_page(p, s->a, s->b);
	int fd = open("/proc/self/mem", O_RDWR);
	note_result("open", fd);
	if (s->c & 1)
		note_result("pwrite", pwrite(fd, &word, 8, at + 80));
	note_result("pread", pread(fd, &word, 8, at));
	note("%llx", (unsigned long long)word);
	close(fd);
}

WORK(reads_a_directory)
{
	char *at = some_page(p, s->a, s->b);
	int fd = open("sub", O_RDONLY | O_DIRECTORY);
	note_result("getdents", syscall(SYS_getdents64, fd, at, 4096));
	for (size_t i = 0; i < PAGE_SIZE; i += 8)
		poke(at + i, 1); /* inode numbers */
	close(fd);
}

WORK(reads_a_link)
{
	note_result("readlink", readlink("link", some_page(p, s->a, s->b), 40));
	note_memory(some_page(p, s->a, s->b), PAGE_SIZE);
}

WORK(copies_files)
{
	int to = open("copied", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off_t from = 100;
	note_result("sendfile", sendfile(to, FD_DATA, &from, 5000));
	note("%ld", (long)from);
	note_result("copy_file_range", copy_file_range(FD_DATA, &from, to, NULL, 100, 0));
	close(to);
}

WORK(locks_by_address)
{
	char *at = some_page(p, s->a, s->b);
	note_result("futex", syscall(SYS_futex, at, 0 /* wait */, 0x7fffffff,
				     &(struct timespec){0, 1000}, NULL, 0));
	note_result("futex", syscall(SYS_futex, at, 1 | 128 /* wake */, 1, NULL, NULL, 0));
}

const struct work work_on_buffers[] = {
	{"reads_a_file", reads_a_file, 6, 0},
	{"reads_at", reads_at, 6, 0},
	{"writes_to_own_file", writes_to_own_file, 6, 0},
	{"writes_at", writes_at, 5, 0},
	{"reads_a_vector", reads_a_vector, 6, 0},
	{"writes_a_vector", writes_a_vector, 6, 0},
	{"asks_where", asks_where, 5, 0},
	{"asks_for_names", asks_for_names, 5, 0},
	{"names_a_file", names_a_file, 6, 0},
	{"names_garbage", names_garbage, 4, 0},
	{"gives_a_bad_pointer", gives_a_bad_pointer, 6, 0},
	{"gets_random_bytes", gets_random_bytes, 4, 0},
	{"goes_through_a_pipe", goes_through_a_pipe, 6, 0},
	{"sends_a_message", sends_a_message, 5, 0},
	{"reads_own_memory", reads_own_memory, 4, 0},
	{"uses_proc_self_mem", uses_proc_self_mem, 4, 0},
	{"reads_a_directory", reads_a_directory, 4, 0},
	{"reads_a_link", reads_a_link, 5, 0},
	{"copies_files", copies_files, 4, 0},
	{"locks_by_address", locks_by_address, 4, 0},
	{NULL, NULL, 0, WORK_LAST},
};
