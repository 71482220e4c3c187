<?php
// SPDX-License-Identifier: MIT
// exec, shell_exec, system, passthru, popen, proc_open, large memory.
$keep = str_repeat("x", 100000000);

exec("echo a; echo b; exit 3", $lines, $status);
echo "exec ", implode(",", $lines), " $status\n";
echo "shell_exec ", shell_exec("echo one");
echo "system ", system("echo two; exit 4", $status), " $status\n";
passthru("echo three; exit 5", $status);
echo "passthru $status\n";
$p = popen("echo four; exit 6", "r");
echo "popen ", fgets($p), pclose($p), "\n";
$p = popen("cat -n", "w");
fwrite($p, "written\n");
echo "closed ", pclose($p), "\n";
for ($i = 0; $i < 3; $i++) {
	$p = proc_open(["sh", "-c", "cat; pwd; echo \$NEW; echo error >&2; exit 7"],
		[["pipe", "r"], ["pipe", "w"], ["pipe", "w"]], $pipes, "/", ["NEW" => "value"]);
	fwrite($pipes[0], "in\n");
	fclose($pipes[0]);
	echo stream_get_contents($pipes[1]), stream_get_contents($pipes[2]);
	echo "proc_open ", proc_close($p), "\n";
}
if (function_exists("pcntl_fork")) {
	$pid = pcntl_fork();
	if ($pid == 0)
		exit(8);
	pcntl_waitpid($pid, $status);
	echo "fork ", pcntl_wexitstatus($status), "\n";
}
exit(9);
