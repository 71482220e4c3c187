/* SPDX-License-Identifier: MIT */
/* The cgroups of a task, and the mount points of their hierarchies. */
#include <string.h>

#include "preflight/parse.h"

static void copy(char *to, size_t size, const char *from, size_t len)
{
	if (len < size) {
		memcpy(to, from, len);
		to[len] = '\0';
	}
}

/* Whether `word` is an element of the list, which ends at `end`. */
static bool listed(const char *list, const char *end, const char *word)
{
	size_t len = strlen(word);
	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *stop = comma ? comma : end;
		if ((size_t)(stop - list) == len && !memcmp(list, word, len))
			return true;
		list = stop + 1;
	}
	return false;
}

/* "8:pids:/a/b", "0::/a/b" */
void ss__parse_cgroup(void *to, const char *line)
{
	struct cgroup_paths *c = to;
	const char *list = strchr(line, ':');
	const char *path = list ? strchr(list + 1, ':') : NULL;
	if (!path || path[1] != '/')
		return;
	list++;
	size_t len = strlen(path + 1);
	if (list == path && line[0] == '0')
		copy(c->v2, sizeof c->v2, path + 1, len);
	if (listed(list, path, "pids"))
		copy(c->pids, sizeof c->pids, path + 1, len);
	if (listed(list, path, "memory"))
		copy(c->memory, sizeof c->memory, path + 1, len);
}

static const char *word(const char **s, size_t *len)
{
	const char *w = *s + strspn(*s, " ");
	*len = strcspn(w, " ");
	*s = w + *len;
	return w;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

/* Blanks, newlines and backslashes are written as "\\040". */
static void unescape(char *to)
{
	for (const char *from = to; *from; to++) {
		bool escaped = *from == '\\' && is_octal(from + 1);
		*to = *from;
		if (escaped)
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
		from += escaped ? 4 : 1;
	}
	*to = '\0';
}

/* Whether the part of the hierarchy is outside of the caller's cgroup namespace. */
static bool is_outside(const char *root, size_t len)
{
	return len >= 3 && !memcmp(root, "/..", 3) && (len == 3 || root[3] == '/');
}

/* What follows " - ": "cgroup cgroup rw,memory" */
static bool is_wanted(const char *s, const char *controller)
{
	size_t len;
	const char *type = word(&s, &len);
	bool is_v2 = len == 7 && !memcmp(type, "cgroup2", 7);
	bool is_v1 = len == 6 && !memcmp(type, "cgroup", 6);
	word(&s, &len);
	const char *options = word(&s, &len);
	return controller[0] ? is_v1 && listed(options, options + len, controller) : is_v2;
}

/* "36 35 0:30 /part /mount/point rw - cgroup cgroup rw,memory" */
void ss__parse_mountinfo(void *to, const char *line)
{
	struct cgroup_mount *m = to;
	const char *s = line, *root, *point;
	size_t len, root_len, point_len;
	for (int i = 0; i < 3; i++)
		word(&s, &len);
	root = word(&s, &root_len);
	point = word(&s, &point_len);
	s = strstr(s, " - ");
	if (!s || m->point[0] || !is_wanted(s + 3, m->controller) || is_outside(root, root_len))
		return;
	if (point_len >= sizeof m->point || root_len >= sizeof m->root)
		return;
	copy(m->point, sizeof m->point, point, point_len);
	copy(m->root, sizeof m->root, root, root_len);
	unescape(m->point);
	unescape(m->root);
}

#define FIELD(member)                                                                              \
	{                                                                                          \
#member, offsetof(struct memory_stat, member)                                      \
	}

void ss__parse_memory_stat(void *to, const char *line)
{
	static const struct field fields[] = {
		FIELD(active_file),
		FIELD(inactive_file),
		FIELD(total_active_file),
		FIELD(total_inactive_file),
	};
	ss__parse_field(fields, sizeof fields / sizeof fields[0], line, to);
}
