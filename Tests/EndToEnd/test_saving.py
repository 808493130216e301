"""Disks that are full or fail: a push is refused or said not to be certain, and nothing is lost.

    chtst01 alone: sixxsd with its file on a small tmpfs, or with a library in front that fails fsync
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab.daemon import ControlSession, Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, run, wait_for
from lab.site import PASSWORD, PLAN, Site

FEW = configuration(PLAN, [TunnelLine(1, 1, "203.0.113.10", 1280)])
MANY = configuration(PLAN, [TunnelLine(tid, tid + 1, "ayiya", 1280, PASSWORD) for tid in range(4000)])

# Fails the fsync of files, or of folders, or keeps whoever calls it, while a file of that name is there.
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
    while (access(HANG_HANG, F_OK) == 0) usleep(20000);
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
    assert sorted(path.name for path in daemon.file.parent.iterdir()) == ["sixxsd.conf", "sixxsd.state"]
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
    names.append(f'-DHANG_HANG="{laboratory.folder}/hang"')
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


def hang(daemon: Daemon, shim: Path) -> ControlSession:
    """Has the disk hang, and a push wait for it."""
    # What the daemon writes at its start must not hang in its place: the push would come behind it.
    wait_for(daemon.file.with_name("sixxsd.state").exists, 10, "the sessions to be written down")
    assert daemon.command("pop saveconfig").is_success
    shim.with_name("hang").touch()
    session = daemon.session(timeout=60)
    session.send_push(2, MANY)
    temporary = daemon.file.parent
    wait_for(lambda: any(path.name.endswith(".new") for path in temporary.iterdir()), 10, "the push to reach the disk")
    return session


def test_a_disk_that_hangs_holds_up_only_who_asked(site: Site, shim: Path) -> None:
    daemon = start_with(shim, site)
    before = daemon.digest()
    with hang(daemon, shim) as session:
        daemon.signal(signal.SIGHUP)
        for _ in range(20):
            began = time.monotonic()
            with daemon.session() as other:
                assert other.greeting.is_success
                assert other.command("pop show status").is_success
                assert other.command("config digest").text.split()[3] == before
            assert time.monotonic() - began < 1
        shim.with_name("hang").unlink()
        assert session.read_reply().is_success
    assert daemon.digest() != before


@pytest.mark.skipif("SIXXS_LONG" not in os.environ, reason="takes five seconds")
def test_a_disk_that_hangs_does_not_keep_the_daemon(site: Site, shim: Path) -> None:
    daemon = start_with(shim, site)
    with hang(daemon, shim):
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        wait_for(lambda: not daemon.is_running, 20, "the daemon to end")
        assert time.monotonic() - began > 4
    assert "the disk does not answer" in daemon.log


def test_a_file_that_is_mounted_by_itself_is_refused_in_words(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, FEW)
    run("mount", "--bind", daemon.file, daemon.file)
    site.laboratory.on_close(lambda: run("umount", "-l", daemon.file, check=False))
    daemon.start()
    reply = daemon.push(2, MANY)
    assert reply.code == 500 and "mount its folder instead" in reply.text, str(reply)
    assert daemon.file.read_text() == FEW


def test_what_was_edited_meanwhile_outlives_the_end(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, FEW).start()
    edited = "# mine\n" + FEW
    daemon.file.write_text(edited)
    assert daemon.command("pop set beat-timeout 77").is_success
    assert daemon.stop() == 0
    assert daemon.file.read_text() == edited
    assert "beat-timeout 77" in daemon.file.with_name("sixxsd.conf.unsaved").read_text()
    assert "was edited meanwhile and is kept" in daemon.log


def test_an_empty_file_takes_no_tunnels_away(site: Site) -> None:
    daemon = site.daemon(*(TunnelLine(tid, 5000 + tid, "ayiya", 1280, PASSWORD) for tid in range(1, 41)))
    daemon.file.write_text("")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "there is nothing in the file" in daemon.log, 5, "the file to be refused")
    assert daemon.status()["total"][2] == 40


def test_a_fifo_in_a_files_place_holds_nobody_up(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, FEW)
    state = daemon.file.with_name("sixxsd.state")
    for path in (state, daemon.file.with_name("sixxsd.conf.trial")):
        os.mkfifo(path)
    daemon.start()
    assert f"{state}: it is not a regular file" in daemon.log
    daemon.file.unlink()
    os.mkfifo(daemon.file)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: f"{daemon.file}: it is not a regular file" in daemon.log, 5, "the FIFO to be refused")
    assert daemon.push(2, MANY).is_success
    assert "T4000" in daemon.file.read_text(), "a file again"
    program = site.programs.sixxsd
    checked = subprocess.run(["bash", "-c", f"{program} check <(cat {daemon.file})"], capture_output=True, text=True,
                             timeout=20)
    assert checked.returncode == 0 and "4000 tunnels" in checked.stdout, "a pipe is as good to a command"


@pytest.mark.parametrize("content", ["", "# gone\n"], ids=["nothing", "a comment"])
def test_a_file_that_lost_its_content_is_not_started_with(site: Site, content: str) -> None:
    tunnel = TunnelLine(1, 5072, "ayiya", 1280, PASSWORD)
    daemon = site.daemon(tunnel)
    user = site.user(site.home(ipv4="203.0.113.10"), "203.0.113.10", tunnel)
    user.beat()
    daemon.wait_for_state(tunnel.number, "up")
    daemon.stop()
    daemon.file.write_text(content)
    process = daemon.launch()
    assert process.wait(10) == 1
    state = daemon.file.with_name("sixxsd.state")
    assert (f"{daemon.file}: there is nothing in it, and the daemon before left 1 session: "
            f"bring its content back, or remove {state} if that is meant") in process.output
    assert daemon.file.read_text() == content and state.exists()
    state.unlink()
    daemon.start()
    assert daemon.push(1, FEW).is_success
