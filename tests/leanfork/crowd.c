/* SPDX-License-Identifier: MIT */
/*
 * crowd MIB FORKS: a program that fills 60 of a hundred parts of so much memory, and a neighbour that
 * wants 20 now and then. Runs /bin/true that often by fork and exec. Prints how often that worked,
 * and how often the neighbour got nothing.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

static size_t part; /* a hundredth */

struct seen {
	atomic_int started, ended;
	atomic_long refused;
};

/* Who sleeps in between comes to run in the middle of another's fork, on a busy machine too. */
static void be_neighbour(struct seen *seen)
{
	while (!atomic_load(&seen->ended)) {
		void *at = mmap(NULL, 20 * part, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			atomic_fetch_add(&seen->refused, 1);
		else
			munmap(at, 20 * part);
		atomic_store(&seen->started, 1);
		usleep(300);
	}
	_exit(0);
}

static int usable(char *at, size_t size)
{
	return mprotect(at, size, PROT_READ | PROT_WRITE);
}

/*
 * Three pieces, kept apart by gaps: the kernel copies them one by one, by address. When a native
 * fork is charged for the last, and refused, it has had 30 parts of the 40 that are left for as long
 * as it took to copy what is resident in the middle.
 */
static int fill(void)
{
	size_t resident = 20 * part, most = 10 * part;
	char *at = mmap(NULL, 60 * part + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED || usable(at, most) || usable(at + most + PAGE, resident) ||
		usable(at + most + resident + 2 * PAGE, 30 * part))
		return -1;
	memset(at + most + PAGE, 1, resident);
	return 0;
}

static int run_true(void)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(126);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char *argv[])
{
	struct seen *seen =
		mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int worked = 0;
	if (argc != 3 || seen == MAP_FAILED)
		return 2;
	part = ((size_t)atol(argv[1]) << 20) / 100 & ~(PAGE - 1);
	pid_t neighbour = fork();
	if (neighbour == 0)
		be_neighbour(seen);
	while (!atomic_load(&seen->started))
		usleep(1000);
	bool filled = fill() == 0;
	for (int i = 0; filled && i < atoi(argv[2]); i++)
		worked += run_true();
	atomic_store(&seen->ended, 1);
	waitpid(neighbour, NULL, 0);
	if (!filled)
		printf("no memory\n");
	printf("%d forks, %ld refusals\n", worked, atomic_load(&seen->refused));
	return 0;
}
