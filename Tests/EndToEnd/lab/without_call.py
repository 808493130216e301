"""Runs a program without a system call, as a sandbox would: the kernel answers EPERM.

    without_call.py NUMBER PROGRAM [ARGUMENT …]
    without_call.py packet PROGRAM [ARGUMENT …]      without sockets of AF_PACKET: EAFNOSUPPORT, as of RestrictAddressFamilies=
    without_call.py test-run PROGRAM [ARGUMENT …]    without runs of the kernel's programs to try them: ENOTSUPP
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

# The same on every architecture.
IO_URING_SETUP = 425
SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
BPF_PROG_TEST_RUN = 10
# What the kernel says of what a program can't do; C has no name for it.
ENOTSUPP = 524

PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ANSWER = 0x7FFF0000, 0x00050000
# Its number is what the data begin with.
NUMBER, FIRST_ARGUMENT = 0, 16


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def without_call(number: int) -> list[tuple[int, int, int, int]]:
    return [(LOAD_WORD, 0, 0, NUMBER), (JUMP_IF_EQUAL, 0, 1, number),
            (RETURN, 0, 0, ANSWER | errno.EPERM), (RETURN, 0, 0, ALLOW)]


def without_argument(number: int, argument: int, error: int) -> list[tuple[int, int, int, int]]:
    """A system call whose first argument is this one."""
    return [(LOAD_WORD, 0, 0, NUMBER), (JUMP_IF_EQUAL, 0, 3, number), (LOAD_WORD, 0, 0, FIRST_ARGUMENT),
            (JUMP_IF_EQUAL, 0, 1, argument), (RETURN, 0, 0, ANSWER | error), (RETURN, 0, 0, ALLOW)]


def without_sockets(family: int) -> list[tuple[int, int, int, int]]:
    return without_argument(SOCKET, family, errno.EAFNOSUPPORT)


def named(what: str) -> list[tuple[int, int, int, int]]:
    match what:
        case "packet": return without_sockets(socket.AF_PACKET)
        case "test-run": return without_argument(BPF, BPF_PROG_TEST_RUN, ENOTSUPP)
        case _: return without_call(int(what))


def forbid(instructions: list[tuple[int, int, int, int]]) -> None:
    """Has this process and what it starts do without something."""
    octets = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = Program(len(instructions), octets)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    forbid(named(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
