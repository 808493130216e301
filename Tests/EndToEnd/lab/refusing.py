#!/usr/bin/python3
"""Becomes a program for which the kernel refuses offloads of TUN devices (seccomp), as an older one would.

    refusing.py MASK PROGRAM ARGUMENT…      TUNSETOFFLOAD with any of these bits fails with EINVAL; 0: with all bits
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_ALLOW, SECCOMP_ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUALS, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
IOCTL = {"x86_64": 16, "aarch64": 29}[platform.machine()]
TUNSETOFFLOAD = 0x400454D0
NUMBER, REQUEST, ARGUMENT = 0, 16 + 8, 16 + 16


def program(mask: int) -> bytes:
    """A filter: `ioctl(…, TUNSETOFFLOAD, bits)` with a bit of the mask is refused."""
    steps = [
        (LOAD, 0, 0, NUMBER), (EQUALS, 0, 5, IOCTL),
        (LOAD, 0, 0, REQUEST), (EQUALS, 0, 3, TUNSETOFFLOAD),
        (LOAD, 0, 0, ARGUMENT), (ANY_BIT, 0, 1, mask or 0xFFFFFFFF),
        (RETURN, 0, 0, SECCOMP_ERRNO | errno.EINVAL), (RETURN, 0, 0, SECCOMP_ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def main() -> None:
    mask, *argv = sys.argv[1:]
    code = program(int(mask, 0))
    octets = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(octets)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0)):
        if libc.prctl(*arguments) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
