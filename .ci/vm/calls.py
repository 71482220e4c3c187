#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""calls.py SYSTEM OBJDUMP: whether each word that looks like aarch64's system call, in all text below
a folder, is one by a disassembler. The lean fork's scan (patch_scan.c) takes each of these words."""
import os
import struct
import subprocess
import sys

CALL = b"\x01\x00\x00\xd4"
EM_AARCH64, PT_LOAD, PF_X = 183, 1, 1


def is_program(data):
    return data[:5] == b"\x7fELF\x02" and struct.unpack_from("<HH", data, 16) in ((2, EM_AARCH64), (3, EM_AARCH64))


def segments_of_text(data):
    """Address and bytes of each."""
    (start,), (count,) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<H", data, 56)
    for i in range(count):
        kind, flags, offset, address, _, size = struct.unpack_from("<IIQQQQ", data, start + i * 56)
        if kind == PT_LOAD and flags & PF_X:
            yield address, data[offset:offset + size]


def words(data):
    for address, text in segments_of_text(data):
        at = text.find(CALL)
        while at >= 0:
            if at % 4 == 0:
                yield address + at
            at = text.find(CALL, at + 1)


def disassembled(objdump, path):
    run = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True)
    return {int(line.split(":")[0], 16) for line in run.stdout.splitlines() if line.endswith("\tsvc\t#0x0")}


def files(top):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def main():
    top, objdump = sys.argv[1:]
    seen, calls, wrong = 0, 0, 0
    for path in files(top):
        with open(path, "rb") as file:
            data = file.read()
        if not is_program(data):
            continue
        seen += 1
        found = set(words(data))
        calls += len(found)
        if found and found != disassembled(objdump, path):
            print("%s: objdump sees other system calls" % path)
            wrong += 1
    print("%d programs and libraries have %d system calls, as objdump sees them" % (seen, calls))
    return 1 if wrong or not calls else 0


sys.exit(main())
