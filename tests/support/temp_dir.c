/* SPDX-License-Identifier: MIT */
#include "temp_dir.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"

void temp_dir_make(struct temp_dir *dir)
{
	strcpy(dir->path, "/tmp/safespawn-test-XXXXXX");
	assert_non_null(mkdtemp(dir->path));
	assert_int_equal(chmod(dir->path, 0777), 0);
}

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *ftw)
{
	(void)file;
	(void)type;
	(void)ftw;
	return remove(path);
}

void temp_dir_remove(struct temp_dir *dir)
{
	assert_int_equal(nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void temp_dir_path(const struct temp_dir *dir, const char *name, char path[PATH_MAX])
{
	assert_true(snprintf(path, PATH_MAX, "%s/%s", dir->path, name) < PATH_MAX);
}

static int create(const struct temp_dir *dir, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	temp_dir_path(dir, name, path);
	for (char *p = path + strlen(dir->path) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		mkdir(path, 0755);
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	return fd;
}

void temp_dir_write(const struct temp_dir *dir, const char *name, const char *text, mode_t mode)
{
	int fd = create(dir, name, mode);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void temp_dir_put(const struct temp_dir *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	temp_dir_path(dir, name, path);
	unlink(path);
	temp_dir_write(dir, name, text, 0644);
}

void temp_dir_copy(const struct temp_dir *dir, const char *name, const char *from, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = create(dir, name, mode);
	assert_true(in >= 0);
	while (sendfile(out, in, NULL, 1 << 20) > 0)
		;
	/* A write clears the set-user-ID bit, so it is set afterwards. */
	assert_int_equal(fchmod(out, mode), 0);
	close(in);
	close(out);
}
