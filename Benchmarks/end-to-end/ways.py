"""Ways for TCP between a host of the IPv6 internet and a user behind a PoP, each in a laboratory of its own.

     host ── core ── chtst01 ── inet ── home      plain: IPv6 all the way
                     sixxsd             its far end
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, Process, run, wait_for
from lab.programs import Programs
from lab.site import PASSWORD, PLAN, Site
from lab.topology import POP_GATEWAY, SERVER, PoPPlan
from lab.traffic import answers

HOME = "203.0.113.10"
SERVERS = "2001:db8:ffff::/48"
ONE_AT_A_TIME = ["--batch", "1", "--offloads", "off"]
TICKS = os.sysconf("SC_CLK_TCK")


class Way:
    """Plain kernel forwarding, and what the others have in common with it."""

    name = "plain forwarding"
    # The user's address.
    user = "2001:db8:beef::1"

    def __init__(self, laboratory: Laboratory, programs: Programs) -> None:
        self.laboratory = laboratory
        self.site = Site(laboratory, programs)
        self.home = self.site.home(ipv4=HOME)
        self.process: Process | None = None
        self.build()
        self.wait()

    def wait(self) -> None:
        """Waits until packets get through."""
        wait_for(lambda: answers(self.home, SERVER), 10, f"{self.name} to carry packets", every=0.1)

    def build(self) -> None:
        """Lays the way."""
        pop, inet, core = self.site.pop, self.site.backbone.inet, self.site.core
        for router in (pop, inet):
            router.sysctl({"net.ipv6.conf.all.forwarding": "1"})
        core.ip(f"route add 2001:db8:beef::/48 via {POP_GATEWAY} dev {PLAN.name}")
        pop.ip("addr add fe80::3/64 dev net0 nodad", "route add 2001:db8:beef::/48 via fe80::4 dev net0")
        inet.ip(f"addr add fe80::4/64 dev {PLAN.name} nodad", "addr add fe80::5/64 dev home nodad",
                f"route add ::/0 via fe80::3 dev {PLAN.name}", "route add 2001:db8:beef::/48 via fe80::6 dev home")
        self.home.ip("addr add fe80::6/64 dev net0 nodad", f"addr add {self.user}/128 dev net0 nodad",
                     f"route add ::/0 via fe80::5 dev net0 src {self.user}")

    def cpu(self) -> float:
        """Seconds of CPU that the PoP's program took so far."""
        if self.process is None:
            return 0
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class Tunnel(Way):
    """Through sixxsd."""

    options: list[str] = []
    tunnel = TunnelLine(1, 1, HOME, 1480)
    subnets: list[tuple[str, int]] = []

    def __init__(self, laboratory: Laboratory, programs: Programs, options: list[str]) -> None:
        self.options = options
        super().__init__(laboratory, programs)

    def build(self) -> None:
        text = configuration(PLAN, [self.tunnel], self.subnets)
        self.daemon = Daemon(self.site.pop, self.site.programs.sixxsd, text)
        self.daemon.options = self.options
        self.process = self.daemon.start().process
        self.build_far_end()

    def build_far_end(self) -> None:
        """Makes the user's end of the tunnel."""


class SixInFour(Tunnel):
    """Its far end is a second sixxsd, since kernels without `sit` have none of their own."""

    name = "6in4"
    user = "2001:db8:3000::1"
    subnets = [("2001:db8:3000::/48", 1)]

    def build_far_end(self) -> None:
        plan = PoPPlan("sxhome", 2, HOME, "2001:db8::43", "2001:db8:2fe::/48", ("2001:db8:ff00::/40",))
        text = configuration(plan, [TunnelLine(1, 1, PLAN.ipv4, 1480)], [(SERVERS, 1)])
        Daemon(self.home, self.site.programs.sixxsd, text).start()
        self.home.ip(f"addr add {self.user}/128 dev lo nodad", f"route replace {SERVERS} dev sixxs src {self.user} mtu 1480")


class AYIYA(Tunnel):
    """Its far end is sixxs-client."""

    name = "AYIYA"
    user = PLAN.them(1)
    tunnel = TunnelLine(1, 1, "ayiya", 1428, PASSWORD)

    def build_far_end(self) -> None:
        self.site.client(self.home, self.tunnel, options=["--no-default-route"]).start()
        self.home.ip(f"route add {SERVERS} dev sixxs0 src {self.user}")


class WireGuard(Way):
    """wireguard-go at both ends."""

    name = "wireguard-go"
    user = "2001:db8:5000::2"
    PORT = 51820

    @staticmethod
    def what_is_missing() -> str | None:
        absent = [tool for tool in ("wireguard-go", "wg") if shutil.which(tool) is None]
        return f"not installed ({', '.join(absent)})" if absent else None

    def build(self) -> None:
        pop, core = self.site.pop, self.site.core
        pop.sysctl({"net.ipv6.conf.all.forwarding": "1"})
        core.ip(f"route add 2001:db8:5000::/48 via {POP_GATEWAY} dev {PLAN.name}")
        keys = [run("wg", "genkey").stdout.strip() for _ in range(2)]
        public = [run("wg", "pubkey", input=key).stdout.strip() for key in keys]
        # The names of the control sockets are those of the devices, on the whole host.
        names = [f"sxwg{os.getpid()}{end}" for end in ("p", "h")]
        self.process = self._start(0, names[0], f"[Interface]\nPrivateKey = {keys[0]}\nListenPort = {self.PORT}\n"
                                   f"[Peer]\nPublicKey = {public[1]}\nAllowedIPs = 2001:db8:5000::/48\n")
        self._start(1, names[1], f"[Interface]\nPrivateKey = {keys[1]}\n[Peer]\nPublicKey = {public[0]}\n"
                    f"AllowedIPs = ::/0\nEndpoint = {PLAN.ipv4}:{self.PORT}\nPersistentKeepalive = 25\n")
        pop.ip(f"route add 2001:db8:5000::/48 dev {names[0]}")
        self.home.ip(f"addr add {self.user}/64 dev {names[1]} nodad", f"route add {SERVERS} dev {names[1]} src {self.user}")

    def _start(self, end: int, device: str, settings: str) -> Process:
        host = self.home if end else self.site.pop
        path = Path(f"/var/run/wireguard/{device}.sock")
        self.laboratory.on_close(lambda: path.unlink(missing_ok=True))
        environment = {**os.environ, "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1", "LOG_LEVEL": "error"}
        process = host.spawn("wireguard-go", "-f", device, name="wireguard-go", env=environment)
        wait_for(lambda: path.exists() or not process.is_running, 5, "wireguard-go's control socket")
        file = self.laboratory.folder / f"{device}.conf"
        file.touch(0o600)
        file.write_text(settings)
        host.run("wg", "setconf", device, file)
        host.ip(f"link set {device} up")
        return process
