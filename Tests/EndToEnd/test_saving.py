"""Disks that are full or fail: a push is refused or said not to be certain, and nothing is lost.

    chtst01 alone: sixxsd with its file on a small tmpfs, or with a library in front that fails fsync
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, run
from lab.site import PASSWORD, PLAN, Site

FEW = configuration(PLAN, [TunnelLine(1, 1, "203.0.113.10", 1280)])
MANY = configuration(PLAN, [TunnelLine(tid, tid + 1, "ayiya", 1280, PASSWORD) for tid in range(4000)])

# Fails the fsync of files, or of folders, while a file of that name is there.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
int fsync(int descriptor) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    struct stat status;
    fstat(descriptor, &status);
    if (access(S_ISDIR(status.st_mode) ? FAIL_FOLDERS : FAIL_FILES, F_OK) == 0) { errno = EIO; return -1; }
    return real(descriptor);
}
"""


def small_disk(laboratory: Laboratory, daemon: Daemon, kibibytes: int) -> None:
    """Puts the daemon's file on a file system of its own."""
    folder = laboratory.folder / "disk"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=777", "none", folder)
    laboratory.on_close(lambda: run("umount", "-l", folder, check=False))
    daemon.file = folder / "sixxsd.conf"
    daemon.file.write_text(FEW)


def test_a_full_disk_refuses_and_loses_nothing(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, FEW)
    small_disk(site.laboratory, daemon, 64)
    daemon.start()
    before = daemon.digest()
    for options in ({}, {"confirm": 60}):
        reply = daemon.push(2, MANY, **options)
        assert reply.code == 500 and "space" in reply.text.lower(), str(reply)
        assert daemon.digest() == before
    assert sorted(path.name for path in daemon.file.parent.iterdir()) == ["sixxsd.conf"]
    daemon.kill()
    daemon.start()
    assert daemon.digest() == before
    assert daemon.push(3, FEW.replace("1280", "1290")).is_success


@pytest.fixture
def shim(laboratory: Laboratory) -> Path:
    source = laboratory.folder / "shim.c"
    source.write_text(SHIM)
    library = laboratory.folder / "shim.so"
    names = [f'-DFAIL_{what}="{laboratory.folder}/fail-{what.lower()}"' for what in ("FILES", "FOLDERS")]
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, *names, source, "-ldl"], check=True)
    laboratory.folder.chmod(0o755)
    return library


def start_with(shim: Path, site: Site) -> Daemon:
    daemon = Daemon(site.pop, site.programs.sixxsd, FEW)
    daemon.prefix = ["env", f"LD_PRELOAD={shim}"]
    return daemon.start()


def test_a_file_that_can_t_be_synced_refuses(site: Site, shim: Path) -> None:
    daemon = start_with(shim, site)
    before = daemon.digest()
    failing = shim.with_name("fail-files")
    failing.touch()
    for options in ({}, {"confirm": 60}):
        reply = daemon.push(2, MANY, **options)
        assert reply.code == 500 and "fsync" in reply.text, str(reply)
        assert daemon.digest() == before
    assert daemon.command("pop saveconfig").code == 500
    failing.unlink()
    assert daemon.push(3, MANY).is_success
    after = daemon.digest()
    daemon.kill()
    daemon.start()
    assert daemon.digest() == after


def test_a_folder_that_can_t_be_synced_is_said_to_be_uncertain(site: Site, shim: Path) -> None:
    daemon = start_with(shim, site)
    shim.with_name("fail-folders").touch()
    reply = daemon.push(2, MANY)
    assert reply.code == 200 and "may not survive a power cut" in reply.text, str(reply)
    after = daemon.digest()
    daemon.kill()
    daemon.start()
    assert daemon.digest() == after, "running and file did not part"
