/* SPDX-License-Identifier: MIT */
/* spew OUT ERR: writes so many bytes to stdout and stderr, in turn, then the count it has read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long write_some(int fd, long left, char what)
{
	char chunk[1000];
	memset(chunk, what, sizeof chunk);
	ssize_t n = write(fd, chunk, left < (long)sizeof chunk ? (size_t)left : sizeof chunk);
	if (n < 0)
		_exit(1);
	return left - n;
}

int main(int argc, char **argv)
{
	long out = argc > 1 ? atol(argv[1]) : 0, err = argc > 2 ? atol(argv[2]) : 0;
	while (out > 0 || err > 0) {
		if (out > 0)
			out = write_some(1, out, 'o');
		if (err > 0)
			err = write_some(2, err, 'e');
	}
	return 0;
}
