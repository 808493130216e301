"""docs/first-pop.md, word by word: each block of commands in the root of the host that it is for.

    host ── core ── pop (192.0.2.1) ── inet ──┬── centre 198.51.100.10
                                              └── home 203.0.113.10

A root is an overlay over this machine's, with accounts, files and processes of its own. There is no systemd in it: a
stand-in for systemctl starts what a unit names, as the user that it names.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import textwrap
from pathlib import Path

import pytest

from lab.namespace import Laboratory, Namespace, run, wait_for
from lab.programs import REPOSITORY, Programs
from lab.topology import Backbone, PoPPlan

PAGE = REPOSITORY / "docs" / "first-pop.md"
BLOCK = re.compile(r"<!-- on: ([\w, ]+) -->\n```sh\n(.*?)```\n", re.DOTALL)
POP = PoPPlan("pop", 1, "192.0.2.1", "2001:db8::1", "2001:db8:101::/48", ("2001:db8:1000::/40",))

# What stands in for systemd: `enable --now UNIT` starts ExecStart in the background as User, and waits until it is ready.
SYSTEMCTL = r"""#!/bin/bash
set -euo pipefail
[ "$1" = daemon-reload ] && exit 0
[ "$1 $2" = "enable --now" ] || { echo "systemctl $*: not here" >&2; exit 1; }
unit=/usr/local/lib/systemd/system/$3.service
of() { sed -n "s/^$1=//p" "$unit" | tail -1; }
for folder in $(of RuntimeDirectory); do install -d -o "$(of User)" -g "$(of Group)" -m 750 "/run/$folder"; done
capabilities=$(of AmbientCapabilities | sed 's/CAP_/+/g; s/ /,/g' | tr A-Z a-z)
umask "$(of UMask)"
setsid setpriv --reuid "$(of User)" --regid "$(of Group)" --init-groups ${capabilities:+--inh-caps "$capabilities" --ambient-caps "$capabilities"} \
    $(of ExecStart) >"/var/log/$3.log" 2>&1 </dev/null &
for _ in $(seq 100); do
    kill -0 $! || { cat "/var/log/$3.log" >&2; exit 1; }
    grep -q 'serving\|round' "/var/log/$3.log" && exit 0
    sleep 0.1
done
"""


class Root:
    """A host with a file system of its own, on top of this machine's."""

    def __init__(self, laboratory: Laboratory, host: Namespace, programs: Programs) -> None:
        self.host = host
        self.folder = laboratory.folder / f"root-{host.short_name}"
        self.folder.mkdir()
        self.programs = programs
        # One process keeps the mounts; whatever it started ends with it.
        script = f"""
            set -e
            mount --make-rprivate /
            mount -t tmpfs none {self.folder}
            mkdir {self.folder}/upper {self.folder}/work {self.folder}/root
            mount -t overlay overlay -o lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work {self.folder}/root
            cd {self.folder}/root
            mount --rbind /dev dev && mount -t proc proc proc && mount --rbind /sys sys
            # As udev has it: everybody may open it, and needs powers to make a device of it.
            mknod -m 666 {self.folder}/tun c 10 200 && mount --bind {self.folder}/tun dev/net/tun
            for folder in run tmp var/log; do mount -t tmpfs none $folder; done
            mkdir -p run/sshd repository
            mount --bind {REPOSITORY} repository
            mkdir -p repository-build && mount --bind {programs.folder} repository-build
            echo ready; exec sleep infinity
        """
        self.keeper = host.spawn("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script, name="root")
        wait_for(lambda: "ready" in self.keeper.output or not self.keeper.is_running, 10, f"the root of {host}")
        assert self.keeper.is_running, self.keeper.output
        self.init = int(run("pgrep", "-P", self.keeper.pid, "-x", "bash|sleep").stdout.split()[0])
        self.write("/usr/local/sbin/systemctl", SYSTEMCTL)
        # `make install` needs what was built; here it is another folder.
        self.write("/usr/local/sbin/make", f"#!/bin/sh\n[ \"$*\" = install ] && exec /repository/Packaging/install /repository-build\nexit 1\n")

    def within(self, *argv: str) -> list[str]:
        inside = ["nsenter", "--target", str(self.init), "--mount", "--pid", "chroot", f"{self.folder}/root", *argv]
        return self.host.within(*inside)

    def write(self, path: str, text: str) -> None:
        subprocess.run(self.within("/bin/sh", "-c", f"mkdir -p $(dirname {path}) && cat > {path} && chmod 755 {path}"), input=text,
                       text=True, check=True, timeout=20)

    def follow(self, block: str, timeout: float = 60) -> str:
        """Runs a block as a person pastes it, and stops at what fails."""
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb"}
        # Files, since what a block leaves in the background keeps a pipe open.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
            ended = subprocess.run(self.within("/bin/bash", "-e", "-c", f"cd /\n{block}"), stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=complaints, timeout=timeout, env=environment, check=False)
            output.seek(0)
            complaints.seek(0)
            text = output.read()
            assert ended.returncode == 0, f"on {self.host}:\n{textwrap.indent(block, '    ')}\n{text}\n{complaints.read()}"
        return text


@pytest.mark.seconds(120)
def test_the_page_leads_to_a_tunnel(laboratory: Laboratory, programs: Programs) -> None:
    backbone = Backbone(laboratory)
    roots = {"pop": Root(laboratory, backbone.add_pop(POP), programs),
             "centre": Root(laboratory, backbone.add_host("centre", "198.51.100.10"), programs),
             "home": Root(laboratory, backbone.add_host("home", "203.0.113.10"), programs)}
    # A Debian host has an SSH server, with keys of its own.
    roots["pop"].follow("rm -f /etc/ssh/ssh_host_*; ssh-keygen -A -q; /usr/sbin/sshd")

    said: dict[str, str] = {}
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) == 8 and len(re.findall(r"^```sh$", PAGE.read_text(), re.MULTILINE)) == 8, "each block is followed"
    for hosts, block in blocks:
        for host in hosts.split(", "):
            for word, value in said.items():
                block = block.replace(word, value)
            output = roots[host].follow(block)
            said |= {word: found[0] for word, pattern in WHAT_IS_CARRIED_ON.items() if (found := re.search(pattern, output))}
    assert set(said) == set(WHAT_IS_CARRIED_ON)

    centre = roots["centre"]
    status = centre.follow("runuser -u sixxs-central -- sixxs-central status")
    assert re.search(r"^chtst01 +yes ", status, re.MULTILINE), status
    doctor = centre.follow("runuser -u sixxs-central -- sixxs-central doctor")
    assert "FAIL" not in doctor and "WARN" not in doctor, doctor
    shown = roots["pop"].follow("sixxsd control -c 'tunnel show T1'")
    assert re.search(r"^Tunnel State +: up$", shown, re.MULTILINE), shown


# What one step prints and a later one takes.
WHAT_IS_CARRIED_ON = {
    "LINE": r"(?m)^.*ssh-ed25519 AAAA.*$",
    "FINGERPRINT": r"SHA256:[A-Za-z0-9+/]{43}",
    "PASSWORD": r"(?m)(?<=mtu 1428 password )[0-9a-f]{32}$",
}
