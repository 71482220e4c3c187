/* SPDX-License-Identifier: MIT */
/* Runs a fuzzer's target over files, for compilers without a fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
	char path[512];
	static uint8_t data[1 << 20];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	size_t n = fread(data, 1, sizeof data, f);
	fclose(f);
	for (size_t cut = n; cut > 0; cut -= cut > 64 ? cut / 16 : 1)
		LLVMFuzzerTestOneInput(data, cut);
	return 1;
}

int main(int argc, char **argv)
{
	int n = 0;
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	if (!dir)
		return 99;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.')
			n += replay(argv[1], e->d_name);
	closedir(dir);
	printf("%d files\n", n);
	return n == 0;
}
