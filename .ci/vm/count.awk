# SPDX-License-Identifier: MIT
# What a machine's log says, a line for each suite; false where a case failed or the log just ends.

# What the kernel says may come in the middle of a line.
{ sub(/\r$/, ""); sub(/\[ *[0-9]+\.[0-9]+\] .*$/, "") }
$1 == "@kernel" { release = $2 }
$1 == "MemTotal:" { memory = int($2 / 1024) " MiB" }
$1 == "@begin" { suite = $2; test = $3; where = suite " " test; if (!(suite in tests)) order[++n] = suite; tests[suite]++; said[suite] += 0; cases = 0 }
/^ok [0-9]+ / { if (/# SKIP/) skipped[suite]++; else { ok[suite]++ } cases++ }
/^not ok [0-9]+ / { if (/# SKIP/) { skipped[suite]++ } else { failed[suite]++; name[suite] = name[suite] " " test "/" $NF } cases++ }
$1 == "@end" { end($NF) }
$1 == "@done" { done = 1 }

# A test that isn't cmocka's is a case itself.
function end(status) {
	if (status == 77) { if (!cases) skipped[suite]++; return }
	if (status == 0) { if (!cases) ok[suite]++; return }
	if (cases && failed[suite] > before[suite]) { before[suite] = failed[suite]; return }
	failed[suite]++
	before[suite] = failed[suite]
	name[suite] = name[suite] " " test "(" (status == 124 || status == 137 ? "time limit" : "status " status) ")"
}

END {
	for (i = 1; i <= n; i++) {
		s = order[i]
		printf "%s (%s, %s) %s: %d ok, %d failed, %d skipped%s\n", kernel, release, memory, s, ok[s],
			failed[s], skipped[s], name[s] == "" ? "" : ":" name[s]
		bad += failed[s]
	}
	if (!done) {
		print kernel ": the machine did not come to its end" (where == "" ? "" : ", last in " where)
		bad++
	}
	exit bad > 0
}
