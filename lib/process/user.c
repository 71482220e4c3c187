/* SPDX-License-Identifier: MIT */
/*
 * The account that a child runs as, by name; and ss_spawn. Hazards, answered below by number:
 *
 *  1. A statically linked program needs glibc's shared libraries for getpwnam at run time, and the
 *     linker warns of each such call. So the reference is weak: it resolves only if the program has
 *     getpwnam anyway. Otherwise the account comes from /etc/passwd and /etc/group.
 *  2. The shim must not import these functions. So it calls ss__spawn_child, in another file.
 */
#include "process/user.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/sized.h"
#include "base/public_result.h"
#include "process/options.h"
#include "process/spawn.h"

#ifdef __GLIBC__
#pragma weak getpwnam_r
#pragma weak getgrouplist
#define IS_LINKED(function) ((function) != NULL)
#else
#define IS_LINKED(function) true
#endif

enum { FIRST_ROOM = 1024, MOST_ROOM = 1 << 22 };

struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int n_groups;
};

static int add_group(struct account *account, gid_t gid)
{
	for (int i = 0; i < account->n_groups; i++)
		if (account->groups[i] == gid)
			return 0;
	gid_t *groups = realloc(account->groups, (size_t)(account->n_groups + 1) * sizeof *groups);
	if (!groups)
		return -ENOMEM;
	groups[account->n_groups++] = gid;
	account->groups = groups;
	return 0;
}

/* ---- /etc/passwd and /etc/group ---- */

/* The field after n colons, up to the next one; NULL: there is none. */
static char *field(char *line, int n)
{
	while (n-- > 0 && line)
		line = (line = strchr(line, ':')) ? line + 1 : NULL;
	return line;
}

static bool is_number(const char *text, unsigned *number)
{
	char *end;
	unsigned long value = text ? strtoul(text, &end, 10) : 0;
	if (!text || end == text || value >= UINT_MAX)
		return false;
	*number = (unsigned)value;
	return true;
}

static bool is_line_of(const char *line, const char *name)
{
	size_t len = strlen(name);
	return !strncmp(line, name, len) && line[len] == ':';
}

/* Calls take with each line until it returns other than 0. */
static int each_line(
	const char *path, int (*take)(struct account *, char *line), struct account *account)
{
	char *line = NULL;
	size_t room = 0;
	int r = 0;
	FILE *file = fopen(path, "re");
	if (!file)
		return -errno;
	while (r == 0 && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		r = take(account, line);
	}
	free(line);
	fclose(file);
	return r;
}

/* NAME:PASSWORD:UID:GID:...; 1: found */
static int take_user(struct account *account, char *line)
{
	if (!is_line_of(line, account->name))
		return 0;
	return is_number(field(line, 2), &account->uid) && is_number(field(line, 3), &account->gid);
}

static bool has_member(const char *members, const char *name)
{
	size_t len = strlen(name);
	while (*members) {
		size_t n = strcspn(members, ",");
		if (n == len && !strncmp(members, name, len))
			return true;
		members += members[n] ? n + 1 : n;
	}
	return false;
}

/* NAME:PASSWORD:GID:MEMBER,... */
static int take_group(struct account *account, char *line)
{
	unsigned gid;
	const char *members = field(line, 3);
	if (!members || !is_number(field(line, 2), &gid) || !has_member(members, account->name))
		return 0;
	return add_group(account, gid);
}

static int look_up_in_files(struct account *account)
{
	int r = each_line("/etc/passwd", take_user, account);
	if (r <= 0)
		return r ? r : -ENOENT;
	int error = add_group(account, account->gid);
	if (!error)
		error = each_line("/etc/group", take_group, account);
	return error == -ENOENT ? 0 : error;
}

/* ---- The name service ---- */

/* For a name that is not found getpwnam_r returns 0. Some name service modules return these errors. */
static int look_up_user(struct account *account)
{
	struct passwd entry, *found = NULL;
	int error = ERANGE;
	for (size_t room = FIRST_ROOM; error == ERANGE && room <= MOST_ROOM; room *= 4) {
		char *text = malloc(room);
		if (!text)
			return -ENOMEM;
		error = getpwnam_r(account->name, &entry, text, room, &found);
		if (found) {
			account->uid = found->pw_uid;
			account->gid = found->pw_gid;
		}
		free(text);
	}
	if (found)
		return 0;
	return error && error != ESRCH && error != EBADF && error != EPERM ? -error : -ENOENT;
}

static int look_up_groups(struct account *account)
{
	for (int n = 64; n <= 65536; n *= 4) {
		gid_t *groups = realloc(account->groups, (size_t)n * sizeof *groups);
		if (!groups)
			return -ENOMEM;
		account->groups = groups;
		account->n_groups = n;
		if (getgrouplist(account->name, account->gid, groups, &account->n_groups) >= 0)
			return 0;
	}
	return -E2BIG;
}

/* (1) */
static int look_up(struct account *account)
{
	if (!IS_LINKED(getpwnam_r) || !IS_LINKED(getgrouplist))
		return look_up_in_files(account);
	int error = look_up_user(account);
	return error ? error : look_up_groups(account);
}

/* ---- The options ---- */

static int put(struct ss_options *options, gid_t **groups)
{
	struct account account = {.name = options->user};
	if (options->flags & (SS_SET_UID | SS_SET_GID | SS_SET_GROUPS))
		return -EINVAL;
	int error = look_up(&account);
	*groups = account.groups;
	options->user = NULL;
	options->flags |= SS_SET_UID | SS_SET_GID | SS_SET_GROUPS;
	options->uid = account.uid;
	options->gid = account.gid;
	options->groups = account.groups;
	options->n_groups = (size_t)account.n_groups;
	return error;
}

int ss__user_put(struct ss_options *options, gid_t **groups)
{
	*groups = NULL;
	if (!options->user)
		return 0;
	int error = put(options, groups);
	if (error && options->failure)
		*options->failure = (struct ss_failure){
			error == -EINVAL ? SS_STAGE_OPTIONS : SS_STAGE_USER, -error};
	return error;
}

static bool has_user(const struct ss_options *options)
{
	return options && options->size >= SIZED_UP_TO(struct ss_options, user) &&
	       options->size <= SIZED_MOST && options->user;
}

static int spawn_as_user(struct ss_child *child, char *const argv[], const struct ss_options *given)
{
	struct ss_options options;
	struct cancel cancel;
	gid_t *groups = NULL;
	ss__cancel_off(&cancel);
	int error = ss__options_read(&options, given);
	options.size = sizeof options;
	if (!error)
		error = ss__user_put(&options, &groups);
	else if (options.failure)
		*options.failure = (struct ss_failure){SS_STAGE_OPTIONS, -error};
	if (!error)
		error = ss__spawn_child(child, argv, &options, NULL);
	free(groups);
	ss__cancel_as_before(&cancel);
	return error;
}

/* (2) */
int ss_spawn(struct ss_child *child, char *const argv[], const struct ss_options *options)
{
	int saved_errno = errno;
	int error = has_user(options) ? spawn_as_user(child, argv, options)
				      : ss__spawn_child(child, argv, options, NULL);
	return ss__public_result(error, saved_errno);
}
