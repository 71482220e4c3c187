# SPDX-License-Identifier: MIT
# Its own shell with applets that fork, awk with system and pipes, find -exec, xargs.
echo "substitution $(busybox echo one)"
busybox seq 3 | busybox awk '{ s += $1 } END { print s; system("echo system"); print "x" | "cat -n" }'
busybox awk 'BEGIN { "echo getline" | getline a; print a, close("echo getline") }'
busybox find . -maxdepth 0 -exec echo found {} \;
printf 'a b' | busybox xargs -n 1 echo
(exit 3)
echo $?
exit 9
