/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

int cli_preflight(int argc, char **argv)
{
	(void)argc;
	return cli_fail("%s: not there yet", argv[0]);
}
