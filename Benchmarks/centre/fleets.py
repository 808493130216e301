"""PoPs to measure the centre with: real daemons, or stand-ins for hundreds of them; the sshd is always a real one."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "EndToEnd"))

from lab.central import Central  # noqa: E402
from lab.daemon import Daemon  # noqa: E402
from lab.namespace import Laboratory, Namespace, wait_for  # noqa: E402
from lab.programs import Programs  # noqa: E402
from lab.sshd import CONFIGURATION, SSHServer, make_key  # noqa: E402
from lab.topology import Backbone, PoPPlan  # noqa: E402
from registry import PoPRow  # noqa: E402

CENTRE = "198.18.0.2"
PORT = 42003


class RealFleet:
    """Each PoP a namespace with its own sshd and sixxsd.

    centre ── inet ──┬── xatst01   sshd → 127.0.0.1:42003 sixxsd
                     └── xatst02   the same …
    """

    kind = "sixxsd"

    def __init__(self, laboratory: Laboratory, programs: Programs, count: int) -> None:
        self.backbone = Backbone(laboratory)
        self.central = Central(self.backbone.add_host("centre", CENTRE), programs.central)
        self.key = make_key(laboratory, "centre_key")
        self.programs = programs
        self.pops = [self._start(id) for id in range(1, count + 1)]

    def _start(self, id: int) -> PoPRow:
        row = PoPRow(id, f"198.19.{id // 250}.{id % 250 + 1}", f"127.0.0.1:{PORT}", "", self.key)
        prefixes = [str(prefix) for _, prefix in row.prefixes()]
        plan = PoPPlan(row.name, id, row.ssh_host, row.ipv6, prefixes[0], tuple(prefixes[1:]))
        namespace = self.backbone.add_pop(plan)
        sshd = SSHServer(namespace, [self.key.with_suffix(".pub").read_text()])
        sshd.start()
        text = f"pop\n\tset\n\t\tdetails {id} {plan.name} {plan.ipv4} {plan.ipv6}\n\t\tid {id}\n\tend\nend\n"
        Daemon(namespace, self.programs.sixxsd, text).let_centre_in().start(timeout=60)
        return PoPRow(id, row.ssh_host, row.control, host_key(sshd), self.key)


class StandInFleet:
    """Two namespaces: one sshd at all addresses forwards to one program that stands in for all daemons.

    centre ── pops   198.19.x.y   sshd → 127.1.x.y:42003 stand_in.py
    """

    kind = "stand-in"

    def __init__(self, laboratory: Laboratory, programs: Programs, count: int) -> None:
        centre, pops = laboratory.namespace("centre"), laboratory.namespace("pops")
        laboratory.link(centre, "net0", pops, "net0")
        centre.ip(f"addr add {CENTRE}/15 dev net0")
        hosts = [f"{id // 250}.{id % 250 + 1}" for id in range(1, count + 1)]
        pops.ip(*(f"addr add 198.19.{host}/15 dev net0" for host in hosts))
        self.central = Central(centre, programs.central)
        key = make_key(laboratory, "centre_key")
        shown = host_key(self._start(pops, key))
        self.pops = [PoPRow(id, f"198.19.{host}", f"127.1.{host}:{PORT}", shown, key)
                     for id, host in enumerate(hosts, start=1)]

    @staticmethod
    def _start(pops: Namespace, key: Path) -> SSHServer:
        sshd = SSHServer(pops, [key.with_suffix(".pub").read_text()], "restrict,port-forwarding")
        text = CONFIGURATION.format(folder=sshd.folder)
        text = text.replace(f"PermitOpen 127.0.0.1:{PORT}", "PermitOpen any").replace("LogLevel VERBOSE", "LogLevel ERROR")
        (sshd.folder / "sshd_config").write_text(text)
        # An sshd that logs errors only does not say that it listens.
        sshd.launch()
        program = pops.spawn(sys.executable, Path(__file__).with_name("stand_in.py"), PORT, name="stand-in")
        wait_for(lambda: "listening" in program.output, 10, "the stand-in")
        wait_for(lambda: ":22 " in pops.run("ss", "-Hltn").stdout, 10, "sshd")
        return sshd


def host_key(sshd: SSHServer) -> str:
    """Type and key, as the database keeps it."""
    return " ".join((sshd.folder / "host_key.pub").read_text().split()[:2])
