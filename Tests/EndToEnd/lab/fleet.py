"""A centre and PoPs that it reaches through SSH, without the inventory.

                 ┌──────── inet ────────┐
    centre ──────┤                      ├── chtst01   sshd → 127.0.0.1:42003 sixxsd
    sixxs-central│                      ├── detst01   the same
                 └──────────────────────┴── nltst01   the same
"""

from __future__ import annotations

from .central import Central
from .daemon import Daemon
from .namespace import Laboratory, Namespace
from .programs import Programs
from .sshd import SSHServer, make_key
from .topology import Backbone, PoPPlan

PLANS = (
    PoPPlan("chtst01", 1, "192.0.2.1", "2001:db8::1", "2001:db8:101::/48", ("2001:db8:1000::/40",)),
    PoPPlan("detst01", 2, "198.51.100.1", "2001:db8::2", "2001:db8:102::/48", ("2001:db8:2000::/40",)),
    PoPPlan("nltst01", 3, "203.0.113.1", "2001:db8::3", "2001:db8:103::/48", ("2001:db8:3000::/40",)),
)
CENTRE = "198.18.10.1"


class FleetPoP:
    """One PoP of the fleet with its two servers."""

    def __init__(self, plan: PoPPlan, namespace: Namespace, sshd: SSHServer, daemon: Daemon) -> None:
        self.plan = plan
        self.name = plan.name
        self.namespace = namespace
        self.sshd = sshd
        self.daemon = daemon


class Fleet:
    """A centre with a database and some PoPs that run."""

    def __init__(self, laboratory: Laboratory, programs: Programs, plans: tuple[PoPPlan, ...] = PLANS) -> None:
        self.laboratory = laboratory
        self.programs = programs
        self.backbone = Backbone(laboratory)
        self.centre = self.backbone.add_host("centre", CENTRE)
        self.central = Central(self.centre, programs.central)
        self.key = make_key(laboratory, "centre_key")
        self.central.run("init")
        self.pops = {plan.name: self._start(plan) for plan in plans}

    def trust_all(self) -> None:
        for pop in self.pops.values():
            self.trust(pop)

    def trust(self, pop: FleetPoP) -> None:
        self.central.run("pop", "trust", pop.name, "--fingerprint", pop.sshd.fingerprint, "--yes")

    def apply_inventory(self, canaries: tuple[str, ...] = (), **waves: int) -> None:
        """Says which PoPs get changes first, and how: `settle=2`, `tunnel_drop=20`, …"""
        folder = self.laboratory.folder / "inventory"
        (folder / "pops").mkdir(parents=True, exist_ok=True)
        lines = [f"  {key.replace('_', '-')}: {value}\n" for key, value in waves.items()]
        (folder / "fleet.yaml").write_text("".join(["waves:\n", *lines]) if lines else "{}\n")
        for pop in self.pops.values():
            canary = "canary: true\n" if pop.name in canaries else ""
            (folder / "pops" / f"{pop.name}.yaml").write_text(pop.plan.inventory(self.key) + canary)
        self.central.run("inventory", "apply", folder, "--yes")

    def _start(self, plan: PoPPlan) -> FleetPoP:
        namespace = self.backbone.add_pop(plan)
        sshd = SSHServer(namespace, [self.key.with_suffix(".pub").read_text()])
        sshd.start()
        text = f"pop\n\tset\n\t\tdetails {plan.id} {plan.name} {plan.ipv4} {plan.ipv6}\n\t\tid {plan.id}\n\tend\nend\n"
        daemon = Daemon(namespace, self.programs.sixxsd, text).let_centre_in().start()
        self.central.run("pop", "add", plan.name, "--id", plan.id, "--ipv4", plan.ipv4, "--ipv6", plan.ipv6,
                         "--ssh-host", plan.ipv4, "--ssh-user", "sixxs", "--ssh-key", self.key)
        self.central.run("prefix", "add", plan.name, "tunnel", plan.tunnel_prefix)
        for prefix in plan.subnet_prefixes:
            self.central.run("prefix", "add", plan.name, "subnet", prefix)
        return FleetPoP(plan, namespace, sshd, daemon)
