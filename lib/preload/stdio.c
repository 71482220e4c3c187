/* SPDX-License-Identifier: MIT */
/* system, popen, pclose and fclose of the shim. */
#include <safespawn.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/plt/plt.h"
#include "preload/next.h"
#include "preload/report.h"
#include "preload/sandbox.h"
#include "preload/exported.h"
#include "stdio/streams.h"

EXPORTED int system(const char *command)
{
	if (!lazy_bind() || sandbox_entered())
		return next_system(command);
	report_add(REPORT_SYSTEM, 1);
	int status = ss_system(command);
	report_add(REPORT_SPAWNED, status != -1);
	report_publish();
	return status;
}

/* "r+" is an extension of ours. A libc may have or refuse it, so libc decides. */
EXPORTED FILE *popen(const char *command, const char *mode)
{
	if (!lazy_bind() || sandbox_entered())
		return next_popen(command, mode);
	report_add(REPORT_POPEN, 1);
	bool ours = !strchr(mode, '+');
	FILE *stream = ours ? ss_popen(command, mode) : next_popen(command, mode);
	report_add(REPORT_SPAWNED, ours && stream);
	report_publish();
	return stream;
}

/* ss_pclose would pass other streams to pclose, which is this function. */
EXPORTED int pclose(FILE *stream)
{
	if (!lazy_bind())
		return next_pclose(stream);
	report_add(REPORT_PCLOSE, 1);
	int status = ss__stream_is_ours(stream) ? ss_pclose(stream) : next_pclose(stream);
	report_publish();
	return status;
}

/* fclose of a popen stream waits for the command, as in libc. Every process calls fclose for other
 * streams, so nothing is looked up for those. */
EXPORTED int fclose(FILE *stream)
{
	if (report_stream && stream == report_stream)
		report_last();
	if (!ss__stream_is_ours(stream))
		return next_fclose(stream);
	report_add(REPORT_FCLOSE, 1);
	int status = ss_pclose(stream);
	report_publish();
	return status;
}
