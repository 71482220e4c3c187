# SPDX-License-Identifier: MIT
# os.system, os.popen, subprocess with and without preexec_fn, os.fork, os.forkpty, pty, ctypes popen.
import ctypes, os, pty, signal, subprocess, sys, threading

keep = bytearray(os.urandom(1 << 20)) * 100


def say(*what):
    print(*what, flush=True)


say("system", os.waitstatus_to_exitcode(os.system("echo out; exit 3")))
say("system signal", os.system("kill -9 $$"))
with os.popen("echo popen; exit 4") as p:
    say(p.read().strip())
say("popen close", os.popen("exit 4").close())
with os.popen("cat", "w") as p:
    p.write("written\n")

say("run", subprocess.run("echo a; echo b >&2; exit 5", shell=True, capture_output=True))
say("preexec", subprocess.run(["sh", "-c", "umask; pwd"], capture_output=True, cwd="/",
                              preexec_fn=lambda: os.umask(0o27)))
try:
    subprocess.run(["/nonexistent/x"])
except OSError as e:
    say("missing", e.errno)
try:
    subprocess.run(["true"], preexec_fn=lambda: 1 / 0)
except subprocess.SubprocessError as e:
    say("preexec raised", e)
try:
    subprocess.run(["sleep", "60"], timeout=0.1, preexec_fn=os.setsid)
except subprocess.TimeoutExpired as e:
    say("timeout", e.cmd)
say("input", subprocess.run(["cat"], input=b"x" * 300000, stdout=subprocess.PIPE,
                            preexec_fn=lambda: None).stdout.count(b"x"))
a = subprocess.Popen(["echo", "chained"], stdout=subprocess.PIPE, preexec_fn=lambda: None)
b = subprocess.Popen(["tr", "a-z", "A-Z"], stdin=a.stdout, stdout=subprocess.PIPE)
say("pipeline", b.communicate()[0], a.wait())

r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, b"sum %d" % sum(keep[:1 << 20]) and b"child wrote")
    os._exit(6)
say("fork", os.waitpid(pid, 0)[1], os.read(r, 100))

pid = os.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "exit 7"])
say("fork exec", os.waitpid(pid, 0)[1])

pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "tty >/dev/null && stty size && exit 8"])
text = b""
try:
    while piece := os.read(fd, 100):
        text += piece
except OSError:
    pass
say("forkpty", text, os.waitpid(pid, 0)[1])

libc = ctypes.CDLL(None)
libc.popen.restype = ctypes.c_void_p
libc.fgets.restype = ctypes.c_char_p
libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
libc.pclose.argtypes = libc.fclose.argtypes = [ctypes.c_void_p]
room = ctypes.create_string_buffer(100)
stream = libc.popen(b"echo libc; exit 9", b"r")
say("libc popen", libc.fgets(room, 100, stream), libc.pclose(stream))
stream = libc.popen(b"exit 9", b"r")
say("fclose of popen", libc.fclose(stream))
say("libc system", libc.system(b"exit 3"), libc.system(None) != 0)


def many(results, i):
    for _ in range(10):
        results[i] += subprocess.run(["sh", "-c", "exit 1"], preexec_fn=lambda: None).returncode


results = [0] * 4
threads = [threading.Thread(target=many, args=(results, i)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
say("threads", results)

import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        say("pool", pool.map(abs, range(-5, 0)))
os.execvp("sh", ["sh", "-c", "echo exec; exit 9"])
