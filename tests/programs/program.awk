# SPDX-License-Identifier: MIT
# system, getline from a command, print to a command, close; any awk.
BEGIN {
	print "system", system("echo out; exit 3")
	"echo one; exit 4" | getline line
	print "getline", line, close("echo one; exit 4")
	while (("printf 'a\\nb\\n'" | getline line) > 0)
		print "line", line
	close("printf 'a\\nb\\n'")
	print "b" | "sort"
	print "a" | "sort"
	print "sort", close("sort")
	for (i = 0; i < 5; i++) {
		command = "echo " i
		command | getline line
		close(command)
		sum += line
	}
	print "sum", sum
	exit 9
}
