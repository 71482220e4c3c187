# SPDX-License-Identifier: MIT
# exec, pipelines, redirections, output on standard error, open |, background, large memory.
set keep [string repeat x 100000000]

puts "exec [exec echo one]"
puts "pipeline [exec echo b a | tr { } \\n | sort]"
puts "[catch {exec sh -c {exit 3}} message] $message [lindex $::errorCode 0] [lindex $::errorCode 2]"
puts "[catch {exec sh -c {echo good; echo bad >&2}} message] $message"
puts "[catch {exec /nonexistent/x} message] $message"
puts "kept [exec sh -c {echo error >&2; echo out} 2>@1]"
exec cat << "input\n" > file
puts [exec cat < file]
set f [open "|cat -n" r+]
puts $f "to a pipe"
close $f write
puts [read $f]
close $f
set f [open "|sh -c {echo from; exit 5}"]
puts [read $f]
puts "[catch {close $f}] [lindex $::errorCode 2]"
set pids [exec sleep 0 &]
puts "background [llength $pids]"
exit 9
