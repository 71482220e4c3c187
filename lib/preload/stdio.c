/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "preload/next.h"
#include "preload/report.h"
#include "preload/visible.h"

VISIBLE int system(const char *command)
{
	int status = next_system(command);
	report_add(REPORT_SYSTEM, 1);
	report_publish();
	return status;
}

VISIBLE FILE *popen(const char *command, const char *mode)
{
	FILE *stream = next_popen(command, mode);
	report_add(REPORT_POPEN, 1);
	report_publish();
	return stream;
}

VISIBLE int pclose(FILE *stream)
{
	int status = next_pclose(stream);
	report_add(REPORT_PCLOSE, 1);
	report_publish();
	return status;
}

VISIBLE int fclose(FILE *stream)
{
	return next_fclose(stream);
}
