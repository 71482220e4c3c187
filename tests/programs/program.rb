# SPDX-License-Identifier: MIT
# system, backticks, IO.popen, spawn, fork, exec, Open3, threads, large memory.
require "open3"
$stdout.sync = true
keep = Array.new(100) { "x" * 1_000_000 }

puts "system #{system("echo out; exit 3")} #{$?.exitstatus}"
puts "missing #{system("/nonexistent/x").inspect}"
puts "backticks #{`echo one`}"
IO.popen(["cat", "-n"], "r+") { |io| io.puts "a", "b"; io.close_write; puts io.read }
IO.popen("-") { |io| io ? puts(io.read) : puts("child of popen") }
puts "status #{$?.exitstatus}"
pid = spawn({"NEW" => "value"}, "echo $NEW; exit 4", chdir: "/")
puts "spawn #{Process.wait2(pid)[1].exitstatus}"
r, w = IO.pipe
pid = fork { r.close; w.puts "memory #{keep.sum(&:size)}"; exit! 5 }
w.close
puts r.read, "fork #{Process.wait2(pid)[1].exitstatus}"
out, err, status = Open3.capture3("cat; echo error >&2; exit 6", stdin_data: "in\n")
p out, err, status.exitstatus
results = 4.times.map { |i| Thread.new { 5.times.map { `echo #{i}`.to_i }.sum } }.map(&:value)
p results
pid = fork { exec "sh", "-c", "exit 7" }
puts "fork exec #{Process.wait2(pid)[1].exitstatus}"
exec "sh", "-c", "echo exec; exit 9"
