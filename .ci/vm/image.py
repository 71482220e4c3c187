#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""image.py [--system DIR] BUILD TO SUITE...: a root file system for a machine that runs meson's tests
of a suite. What the programs need is taken from here, or all of the system in DIR is there.

Programs lie in it where they lie here, with the libraries that they load; /init runs the tests and
switches the machine off. The suite `small` is the one program for a machine of little memory.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
ALWAYS = "sh cat echo env false grep ln ls mount setsid sleep tail timeout true uname"
TOOLS = """awk basename bash chmod chown cmp cp cut date dd diff dirname expr find head id kill mkdir mkfifo
    mktemp mv nice nproc od perl printf ps pwd readlink rm rmdir sed seq setpriv sort stat stty tee test
    touch tr tty umount uniq unshare wc yes"""
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}


def is_program(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def compiler_says(question):
    out = subprocess.run(["cc", question], capture_output=True, text=True, check=True).stdout
    return os.path.realpath(out.strip())


class Image:
    def __init__(self, top, system=None):
        self.top = top
        self.foreign = system is not None
        shutil.rmtree(top, ignore_errors=True)
        if system:
            subprocess.run(["cp", "-al", system, top], check=True)
            return
        for folder in ("dev", "proc", "sys", "tmp", "etc", "run", "root", *LINKS.values()):
            os.makedirs(os.path.join(top, folder))
        for link, to in LINKS.items():
            os.symlink(to, os.path.join(top, link))
        # libc loads this when a thread is cancelled.
        self.add(compiler_says("-print-file-name=libgcc_s.so.1"))

    def add(self, path):
        """A file, where it is here, and what it loads."""
        to = self.top + path
        if os.path.exists(to):
            return
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(path, to)
        if not self.foreign and is_program(path):
            subprocess.run(["strip", "--strip-debug", to], check=False, stderr=subprocess.DEVNULL)
            for library in self.libraries(path):
                self.add(library)

    @staticmethod
    def libraries(path):
        out = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        return re.findall(r"(/\S+) \(0x", out)

    def add_tools(self, names):
        for name in [] if self.foreign else names.split():
            path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
            if path:
                self.add(path)

    def add_folder(self, path):
        for folder, _, files in os.walk(path):
            for file in files:
                whole = os.path.join(folder, file)
                if os.path.islink(whole):
                    os.makedirs(self.top + folder, exist_ok=True)
                    os.symlink(os.readlink(whole), self.top + whole)
                else:
                    self.add(whole)

    def write(self, path, text, mode=0o644):
        with open(self.top + path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.top + path, mode)


def add_build(image, build):
    """All that was linked: tests, victims, libraries."""
    for part in ("lib", "tests", "examples"):
        for folder, _, files in os.walk(os.path.join(build, part)):
            for file in files:
                path = os.path.join(folder, file)
                if os.path.islink(path):
                    os.makedirs(image.top + folder, exist_ok=True)
                    os.symlink(os.readlink(path), image.top + path)
                elif not file.endswith((".o", ".a", ".p")) and is_program(path):
                    image.add(path)


def tests_of(build):
    out = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, check=True)
    for test in json.loads(out.stdout):
        for suite in test["suite"]:
            yield suite.split(":")[-1], test


def command(test):
    env = ["%s=%s" % pair for pair in test["env"].items()]
    return shlex.join(["env", *env, *test["cmd"]])


def lines(build, suites):
    """A call of init's function for each test."""
    for wanted in suites:
        for suite, test in tests_of(build):
            if suite == wanted:
                head = [suite, test["name"], str(test["timeout"])]
                yield "run %s %s\n" % (shlex.join(head), command(test))


def main():
    args = sys.argv[1:]
    system = args[1] if args[0] == "--system" else None
    build, top, *suites = args[2 * (system is not None):]
    build = os.path.abspath(build)
    image = Image(top, system)
    image.add_tools(ALWAYS)
    if suites == ["small"]:
        program = os.path.join(build, "tests/kernel/kernel_embedded")
        shim = os.path.join(build, "lib/preload/libsafespawn_preload.so")
        image.add(program)
        image.add(shim)
        image.write("/tests", "run small embedded 600 %s\n"
                    "run small shim 600 env LD_PRELOAD=%s %s\n" % (program, shim, program))
    else:
        image.add_tools(TOOLS)
        add_build(image, build)
        for folder in "tests", "lib/cli/completion":
            image.add_folder(os.path.join(SOURCE, folder))
        image.write("/tests", "cd %s\n" % shlex.quote(build) + "".join(lines(build, suites)))
    for name in () if system else ("passwd", "group"):
        image.write("/etc/" + name, open("/etc/" + name, encoding="utf-8").read())
    shutil.copy(os.path.join(HERE, "init"), image.top + "/init")
    os.chmod(image.top + "/init", 0o755)
    os.chmod(image.top + "/tmp", 0o1777)


main()
