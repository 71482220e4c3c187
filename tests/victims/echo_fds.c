/* SPDX-License-Identifier: MIT */
/* echo_fds NAME: prints "NAME: " and the numbers of its open descriptors. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	int open[1024] = {0};
	DIR *dir = opendir("/proc/self/fd");
	if (argc != 2 || !dir)
		return 1;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		int fd = atoi(e->d_name);
		if (e->d_name[0] != '.' && fd != dirfd(dir) && fd < 1024)
			open[fd] = 1;
	}
	closedir(dir);
	printf("%s:", argv[1]);
	for (int fd = 0; fd < 1024; fd++)
		if (open[fd])
			printf(" %d", fd);
	printf("\n");
	return 0;
}
