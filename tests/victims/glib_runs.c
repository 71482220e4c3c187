/* SPDX-License-Identifier: MIT */
/*
 * glib_runs [forks]: runs commands by GLib, holding $MIB mebibytes. Says "filled", then each command
 * prints its name; after what fails it goes on. Which way GLib takes, from 2.58 on:
 *
 *   sync, setup, subprocess   fork: descriptors to close, or a child_setup function
 *   open                      posix_spawn: no descriptor to close, nothing to set up
 *   async                     two forks: the child is not to be waited for. The first child forks
 *                             itself, so it needs all of the memory.
 *
 * With "forks" only the first three.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void setup(gpointer data)
{
	(void)data;
	setsid();
}

static void sync_way(const char *name, GSpawnFlags flags, GSpawnChildSetupFunc function)
{
	char *argv[] = {(char[]){"echo"}, strdup(name), NULL}, *out = NULL;
	if (g_spawn_sync(NULL, argv, NULL, flags | G_SPAWN_SEARCH_PATH, function, NULL, &out, NULL,
		    NULL, NULL))
		fputs(out, stdout);
	fflush(stdout);
	g_free(out);
	free(argv[1]);
}

static void by_subprocess(void)
{
	char *out = NULL;
	GSubprocess *child =
		g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, "echo", "subprocess", NULL);
	if (child && g_subprocess_communicate_utf8(child, NULL, NULL, &out, NULL, NULL))
		fputs(out, stdout);
	fflush(stdout);
	g_free(out);
	g_clear_object(&child);
}

/* The end of its pipe shows that it has ended. */
static void asynchronously(void)
{
	char *argv[] = {(char[]){"echo"}, (char[]){"async"}, NULL}, text[16];
	int out;
	if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
		    &out, NULL, NULL))
		return;
	for (ssize_t n; (n = read(out, text, sizeof text)) > 0;)
		fwrite(text, 1, (size_t)n, stdout);
	fflush(stdout);
	close(out);
}

int main(int argc, char **argv)
{
	size_t size = (size_t)strtol(getenv("MIB") ? getenv("MIB") : "1", NULL, 10) << 20;
	char *memory = malloc(size);
	if (!memory)
		return 1;
	memset(memory, 1, size);
	puts("filled");
	fflush(stdout);
	sync_way("sync", 0, NULL);
	sync_way("setup", G_SPAWN_LEAVE_DESCRIPTORS_OPEN, setup);
	by_subprocess();
	if (argc == 1 || strcmp(argv[1], "forks") != 0) {
		sync_way("open", G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL);
		asynchronously();
	}
	free(memory);
	return 0;
}
