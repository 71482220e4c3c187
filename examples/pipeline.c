/* SPDX-License-Identifier: MIT */
/* How do I run "sort | uniq -c | sort -rn" with my own input, and know whether all of it worked? */
#include <stdio.h>
#include <string.h>

#include <safespawn.h>

int main(void)
{
	static const char text[] = "plum\napple\nplum\npear\nplum\npear\n";
	char *const sort[] = {"sort", NULL};
	char *const count[] = {"uniq", "-c", NULL};
	char *const most[] = {"sort", "-rn", NULL};
	char *const *const line[] = {sort, count, most};
	enum { N = sizeof line / sizeof line[0] };

	const struct ss_io io = {
		.size = sizeof io,
		.input = text,
		.input_len = strlen(text),
		.timeout_ms = 5000, /* for all three together */
	};
	struct ss_result results[N] = {{.size = sizeof results[0]}, {.size = sizeof results[0]},
		{.size = sizeof results[0]}};
	int failed = 0;
	if (ss_run_pipeline(line, N, NULL, &io, results) < 0) {
		perror("sort | uniq -c | sort -rn");
		failed = 1;
	}
	for (int i = 0; i < N && !failed; i++)
		if (results[i].status != 0) {
			fprintf(stderr, "%s: %s\n", line[i][0], results[i].err);
			failed = 1;
		}
	if (!failed)
		printf("%s", results[N - 1].out);
	for (int i = 0; i < N; i++)
		ss_result_free(&results[i]);
	return failed;
}
