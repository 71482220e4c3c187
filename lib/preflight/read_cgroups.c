/* SPDX-License-Identifier: MIT */
/*
 * The limits of every cgroup above a task. Hazards:
 *
 *  1. A path from another cgroup namespace may begin with "/..". It would lead out of the mounted
 *     hierarchy, so this cgroup stays unknown.
 *  2. In a container without a namespace the path starts at the host's root, and the mount is
 *     further down. mountinfo says where.
 *  3. The root has no limits and no such files. Inside a namespace the apparent root has.
 *  4. In a cgroup namespace the usual place may still show the hierarchy from outside, where the
 *     same path is another cgroup. So mountinfo is asked first; its root for such a mount is "/..".
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preflight/read.h"

enum namespace { NOT_KNOWN, FIRST, INSIDE };

struct hierarchy {
	const char *controller; /* "" for version 2 */
	int dir;
	size_t top;      /* length of the mount point in the path */
	bool free_top;   /* what is mounted is the root */
	char path[1024]; /* below dir, or absolute */
};

static uint64_t number_at(const struct hierarchy *h, const char *file)
{
	char name[1100];
	uint64_t value = NO_LIMIT;
	const char *slash = h->path[0] ? "/" : "";
	if (snprintf(name, sizeof name, "%s%s%s", h->path, slash, file) < (int)sizeof name)
		ss__read_number(h->dir, name, &value);
	return value;
}

/* The cache that the kernel drops before it kills. */
static uint64_t cache_at(const struct hierarchy *h, bool v2)
{
	char name[1100];
	struct memory_stat stat = {0};
	snprintf(name, sizeof name, "%s%smemory.stat", h->path, h->path[0] ? "/" : "");
	ss__read_lines(h->dir, name, ss__parse_memory_stat, &stat);
	return v2 ? ss__add_clamped(stat.active_file, stat.inactive_file)
		  : ss__add_clamped(stat.total_active_file, stat.total_inactive_file);
}

/* A level's limit, use and room. */
struct room {
	uint64_t left, used, max;
};

static const struct room unlimited = {NO_LIMIT, 0, NO_LIMIT};

static struct room pids_room_at(const struct hierarchy *h, bool v2)
{
	(void)v2;
	struct room room = unlimited;
	room.max = number_at(h, "pids.max");
	if (room.max == NO_LIMIT)
		return unlimited;
	room.used = number_at(h, "pids.current");
	if (room.used == NO_LIMIT)
		return unlimited;
	room.left = ss__sub_clamped(room.max, room.used);
	return room;
}

/* Version 1 prints a very large number where there is no limit. */
static struct room memory_room_at(const struct hierarchy *h, bool v2)
{
	struct room room = unlimited;
	room.max = number_at(h, v2 ? "memory.max" : "memory.limit_in_bytes");
	if (room.max >= UINT64_C(1) << 62)
		return unlimited;
	room.used = number_at(h, v2 ? "memory.current" : "memory.usage_in_bytes");
	if (room.used == NO_LIMIT)
		return unlimited;
	room.left = ss__add_clamped(ss__sub_clamped(room.max, room.used), cache_at(h, v2));
	return room;
}

static void name_level(const struct hierarchy *h, char *name)
{
	const char *base = h->path[0] == '/' ? "" : CGROUPS "/";
	if (name && snprintf(name, CGROUP_NAME, "%s%s", base, h->path) >= CGROUP_NAME)
		name[0] = '\0';
}

/* The level with the least room, from the task upwards. Shortens the path on the way. */
static struct room least_room(
	struct hierarchy *h, struct room (*room_at)(const struct hierarchy *, bool), char *name)
{
	struct room least = unlimited;
	while (!h->free_top || strlen(h->path) > h->top) {
		struct room room = room_at(h, !h->controller[0]);
		if (room.left < least.left) {
			least = room;
			name_level(h, name);
		}
		size_t len = strlen(h->path);
		if (len <= h->top)
			break;
		while (len > h->top && h->path[len - 1] != '/')
			len--;
		h->path[len > h->top ? len - 1 : h->top] = '\0';
	}
	return least;
}

static bool leaves(const char *path)
{
	const char *dots = strstr(path, "/..");
	return dots && (dots[3] == '/' || dots[3] == '\0');
}

static bool set_path(struct hierarchy *h, int dir, const char *top, const char *path)
{
	char file[1100];
	const char *slash = top[0] && path[0] ? "/" : "";
	h->dir = dir;
	h->top = strlen(top);
	int n = snprintf(h->path, sizeof h->path, "%s%s%s", top, slash, path);
	if (n >= (int)sizeof h->path)
		return false;
	/* The directory may exist without a mount. */
	snprintf(file, sizeof file, "%s%scgroup.procs", h->path, n ? "/" : "");
	return faccessat(dir, file, F_OK, 0) == 0;
}

/* The hierarchy's mount point according to mountinfo, as an absolute path. */
static bool find_mount(const struct source *source, const char *path, struct hierarchy *h)
{
	struct cgroup_mount mount = {.controller = h->controller};
	ss__read_pieces(source->proc, "self/mountinfo", ss__parse_mountinfo, &mount);
	size_t root = strcmp(mount.root, "/") ? strlen(mount.root) : 0;
	if (!mount.point[0] || strncmp(path, mount.root, root) != 0)
		return false;
	path += root;
	if (path[0] && path[0] != '/')
		return false;
	return set_path(h, AT_FDCWD, mount.point, path + strspn(path, "/"));
}

static bool find_usual(const struct source *source, const char *path, struct hierarchy *h)
{
	const char *top = h->controller;
	if (source->cgroup < 0)
		return false;
	if (!top[0] && faccessat(source->cgroup, "unified", F_OK, 0) == 0)
		top = "unified";
	return set_path(h, source->cgroup, top, path + strspn(path, "/"));
}

/*
 * Paths are relative to the caller's namespace. The inode number of the first namespace is fixed.
 */
static enum namespace find_namespace(const struct source *source)
{
	char text[64];
	uint64_t inode;
	ssize_t n = readlinkat(source->proc, "self/ns/cgroup", text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (!ss__parse_namespace(text, &inode))
		return NOT_KNOWN;
	return inode == 4026531835 ? FIRST : INSIDE;
}

static bool find(
	const struct source *source, enum namespace ns, const char *path, struct hierarchy *h)
{
	/* In the first namespace "/" is the real root, which has no limits. */
	if (path[0] != '/' || leaves(path) || (ns == FIRST && !path[1]))
		return false;
	h->free_top = ns == FIRST;
	if (ns != INSIDE && find_usual(source, path, h))
		return true;
	h->free_top = false;
	return find_mount(source, path, h);
}

void ss__read_cgroups(
	const struct source *source, int task_dir, struct task_facts *task, char *name)
{
	struct cgroup_paths paths = {0};
	if (!source->has_cgroups ||
		ss__read_lines(task_dir, "cgroup", ss__parse_cgroup, &paths) < 0)
		return;
	enum namespace ns = find_namespace(source);
	struct hierarchy pids = {.controller = paths.pids[0] ? "pids" : ""};
	if (find(source, ns, paths.pids[0] ? paths.pids : paths.v2, &pids)) {
		struct room room = least_room(&pids, pids_room_at, name);
		task->pids_room = room.left;
		task->pids = room.used;
		task->pids_max = room.max;
	}
	struct hierarchy memory = {.controller = paths.memory[0] ? "memory" : ""};
	if (find(source, ns, paths.memory[0] ? paths.memory : paths.v2, &memory))
		task->memory_room_bytes = least_room(&memory, memory_room_at, NULL).left;
}
