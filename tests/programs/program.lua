-- SPDX-License-Identifier: MIT
-- os.execute, io.popen both ways, close's results, a stream left to the collector, large memory.
io.stdout:setvbuf("no")
local keep = string.rep("x", 100000000)

print("execute", os.execute("echo out; exit 3"))
print("signal", os.execute("kill -9 $$"))
print("shell", os.execute())
local p = io.popen("echo one; echo two; exit 4")
for line in p:lines() do print("line", line) end
print("closed", p:close())
p = io.popen("cat -n", "w")
p:write("written\n")
print("closed", p:close())
print("mode", pcall(io.popen, "true", "rw"))
local a, b = io.popen("cat", "w"), io.popen("cat", "w")
a:write("a\n")
print("first", a:close())
b:write("b\n")
print("second", b:close())
for i = 1, 50 do io.popen("exit 1") end
collectgarbage()
print("collected", os.execute("true"))
os.exit(9)
