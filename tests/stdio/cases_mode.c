/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include "record.h"

static const char *const modes[] = {"r", "w", "re", "we", "er", "ew", "ree", "eew", "rr", "ww",
	"rer", "e", "ee", "", "rw", "wr", "rwe", "a", "ra", "rb", "wb", "rt", "r ", " r", "r,",
	"r\n", "x", "R", "W", "rE", "1", "w+", "+w", "we+", "+", "+e", "r+", "+r", "r+e", "re+",
	"r++", "rw+", "r+w", "rbe", "rc", "rm", "rx"};

static void mode(const struct lib *lib, int which)
{
	FILE *f = said_popen(lib, "open", "exit 3", modes[which]);

	say_process("open");
	if (f)
		said_pclose(lib, "close", f);
	say_process("after");
}

const struct test_case mode_cases[] = {
	CASES(mode, 0, sizeof modes / sizeof modes[0] - 1),
	{0},
};
