/* SPDX-License-Identifier: MIT */
/*
 * chart PROGRAM [MOST_MIB]: draws the README's chart, on standard output: the time until a tiny
 * child has been reaped, over the caller's resident size, for each way of starting it.
 */
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <safespawn.h>
#include "bench.h"
#include "preload/leanfork/leanfork.h"

enum { WIDTH = 760, HEIGHT = 420, LEFT = 70, RIGHT = 130, TOP = 46, BOTTOM = 74 };
enum { MOST_SIZES = 16 };

static char *program[2];

static void reap(pid_t pid)
{
	int status;
	bench_need(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "the child");
}

static void exec_program(void)
{
	execve(program[0], program, environ);
	_exit(127);
}

static void by_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		exec_program();
	reap(pid);
}

static void by_lean_fork(void)
{
	struct lean_options options = {
		.kind = LEAN_EAGER, .least_total = 1, .least_range = 1 << 20, .libc_fork = fork};
	struct lean_result result;
	pid_t pid = lean_fork(&options, &result);
	if (pid == 0)
		exec_program();
	reap(pid);
}

static void by_posix_spawn(void)
{
	pid_t pid;
	bench_need(posix_spawn(&pid, program[0], NULL, NULL, program, environ) == 0, "posix_spawn");
	reap(pid);
}

static void by_ss_spawn(void)
{
	struct ss_child child;
	int status = -1;
	bench_need(ss_spawn(&child, program, NULL) == 0, "ss_spawn");
	bench_need(ss_wait(&child, &status, -1) == 0 && status == 0, "ss_wait");
	ss_release(&child);
}

/* A label is moved by so many pixels, because neighbours would cover each other. */
static const struct {
	struct bench_way way;
	const char *class;
	int moved;
} lines[] = {
	{{"fork + exec", by_fork, NULL}, "fork", 0},
	{{"lean fork + exec", by_lean_fork, NULL}, "lean", 0},
	{{"posix_spawn", by_posix_spawn, NULL}, "libc", -6},
	{{"ss_spawn", by_ss_spawn, NULL}, "ours", 6},
};
#define N_LINES (sizeof lines / sizeof lines[0])

static long sizes_mib[MOST_SIZES];
static double medians_us[N_LINES][MOST_SIZES];
static int n_sizes;

static void measure(long mib)
{
	struct bench_way ways[N_LINES];
	struct bench_result results[N_LINES];
	void *memory = bench_fill((size_t)mib << 20);
	for (size_t i = 0; i < N_LINES; i++)
		ways[i] = lines[i].way;
	/*
	 * fork is measured by itself, because the page faults after it would be charged to the next
	 * way
	 */
	bench_compare(ways, 1, mib > 512 ? 11 : 101, results);
	bench_compare(ways + 1, N_LINES - 1, 301, results + 1);
	munmap(memory, (size_t)mib << 20);
	for (size_t i = 0; i < N_LINES; i++)
		medians_us[i][n_sizes] = results[i].median_us;
	sizes_mib[n_sizes++] = mib;
}

/* Both axes are logarithmic: from 1 MiB, and from 10 us to a second. */
static double x_of(double mib)
{
	double most = log2((double)sizes_mib[n_sizes - 1]);
	return LEFT + log2(mib) / (most > 0 ? most : 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(double us)
{
	return HEIGHT - BOTTOM - (log10(us) - 1) / 5 * (HEIGHT - TOP - BOTTOM);
}

static void draw_style(void)
{
	puts("<style>\n"
	     "text { font: 13px system-ui, sans-serif; fill: #24292f }\n"
	     ".title { font-weight: 600; font-size: 15px } .small { font-size: 11px }\n"
	     ".axis { stroke: #8c959f; stroke-width: 1 } .grid { stroke: #d0d7de; "
	     "stroke-width: .5 }\n"
	     "polyline { fill: none; stroke-width: 2.5 }\n"
	     ".fork { stroke: #cf222e } .lean { stroke: #1a7f37 } .libc { stroke: #8c959f } "
	     ".ours { stroke: #0969da }\n"
	     "@media (prefers-color-scheme: dark) {\n"
	     "text { fill: #e6edf3 } .grid { stroke: #30363d }\n"
	     ".fork { stroke: #ff7b72 } .lean { stroke: #56d364 } .ours { stroke: #58a6ff }\n"
	     "}\n"
	     "</style>");
}

static void draw_axes(void)
{
	static const char *const times[] = {"10 µs", "0.1 ms", "1 ms", "10 ms", "0.1 s", "1 s"};
	for (int i = 0; i < 6; i++) {
		double y = y_of(pow(10, i + 1));
		printf("<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
		       "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			i ? "grid" : "axis", LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, times[i]);
	}
	for (int i = 0; i < n_sizes; i++) {
		long mib = sizes_mib[i];
		printf("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%ld%s</text>\n",
			x_of((double)mib), HEIGHT - BOTTOM + 18, mib < 1024 ? mib : mib / 1024,
			mib < 1024 ? "M" : "G");
	}
	printf("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">resident memory of the caller"
	       "</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38);
}

static void draw_line(size_t line)
{
	printf("<polyline class=\"%s\" points=\"", lines[line].class);
	for (int i = 0; i < n_sizes; i++)
		printf("%.1f,%.1f ", x_of((double)sizes_mib[i]), y_of(medians_us[line][i]));
	printf("\"/>\n<text x=\"%d\" y=\"%.1f\">%s</text>\n", WIDTH - RIGHT + 8,
		y_of(medians_us[line][n_sizes - 1]) + 4 + lines[line].moved, lines[line].way.name);
}

/* "Intel(R) Xeon(R) Processor"; not every architecture names one. */
static const char *processor(char model[64])
{
	char line[256];
	model[0] = '\0';
	FILE *file = fopen("/proc/cpuinfo", "re");
	while (file && !model[0] && fgets(line, sizeof line, file))
		sscanf(line, "model name : %63[^@\n]", model);
	if (file)
		fclose(file);
	return model[0] ? model : "unknown processor";
}

static void draw(void)
{
	struct utsname system;
	char date[16], model[64];
	time_t now = time(NULL);
	uname(&system);
	strftime(date, sizeof date, "%Y-%m-%d", localtime(&now));
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
	       "aria-label=\"Time to start a program over the resident memory of the caller\">\n",
		WIDTH, HEIGHT);
	draw_style();
	printf("<text class=\"title\" x=\"%d\" y=\"24\">Starting a program, until it has ended: "
	       "median</text>\n",
		LEFT);
	draw_axes();
	for (size_t i = 0; i < N_LINES; i++)
		draw_line(i);
	printf("<text class=\"small\" x=\"%d\" y=\"%d\">%s, %ld cores, %s %.*s, %s, %s; drawn by "
	       "build/tests/bench/bench_chart</text>\n</svg>\n",
		LEFT, HEIGHT - 8, processor(model), sysconf(_SC_NPROCESSORS_ONLN), system.sysname,
		(int)strcspn(system.release, "-"), system.release, system.machine, date);
}

int main(int argc, char **argv)
{
	long most = argc > 2 ? atol(argv[2]) : 8192;
	if (argc < 2 || most < 1) {
		fprintf(stderr, "usage: %s PROGRAM [MOST_MIB]\n", argv[0]);
		return 2;
	}
	program[0] = argv[1];
	for (long mib = 1; mib <= most && n_sizes < MOST_SIZES; mib *= 2)
		measure(mib);
	draw();
	return 0;
}
