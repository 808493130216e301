#!/usr/bin/python3
"""`make demo`: a whole fleet on one machine, in network namespaces, with real packets.

A centre pushes configuration through SSH to three PoPs of inventory/, which then carry IPv6 for clients of
every type. Every line printed is a check; the exit code is 0 only if all of them passed.

    demo.py [--keep] [--seconds N]   --keep leaves the fleet up and says what to try
    demo.py --down                   removes what was kept
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from lab.central import Central  # noqa: E402
from lab.client import Client  # noqa: E402
from lab.daemon import Daemon  # noqa: E402
from lab.namespace import (  # noqa: E402
    Laboratory, Namespace, close_all, exit_on_signals, kept_runs, tear_down)
from lab.programs import REPOSITORY, find_programs, what_is_missing  # noqa: E402
from lab.progress import Progress, Stop  # noqa: E402
from lab.sshd import SSHServer, make_key  # noqa: E402
from lab.topology import SERVER, Backbone, PoPPlan  # noqa: E402
from lab.traffic import ping, throughput  # noqa: E402

TOPOLOGY = """
   host {server}                         centre (sixxs-central; SSH to every PoP)
          │                                          │
     ┌────┴─────┐  native IPv6       ┌───────────────┴──────────┐  IPv4 internet,
     │   core   │                    │           inet           │  one router
     └┬───┬───┬─┘                    └┬───┬───┬───┬───┬───┬───┬─┘
      │   │   └────── {2:─<8}────────┘   │   │   │   │   │   └── nat ── home-ayiya
      │   └────────── {1:─<8}────────────┘   │   │   │   └────── home-far
      └────────────── {0:─<8}────────────────┘   │   └────────── home-heartbeat
         sixxsd and sshd in each                  └────────────── home-6in4 ── lan (a routed /48)

   home-6in4       static 6in4          → {0}
   home-ayiya      AYIYA behind a NAT   → {0}
   home-heartbeat  6in4 with heartbeat  → {1}
   home-far        AYIYA                → {2}
"""

ADDRESSES = {
    "centre": "198.18.10.1",
    "home-6in4": "198.18.20.1",
    "home-heartbeat": "198.18.20.2",
    "home-far": "198.18.20.3",
    "nat": "198.18.20.4",
}


WEB_PORT = 8080


class Home:
    """A user's host and its tunnel."""

    def __init__(self, name: str, kind: str, pop: PoPPlan, namespace: Namespace) -> None:
        self.name = name
        self.kind = kind
        self.pop = pop
        self.namespace = namespace
        self.password = secrets.token_hex(16)
        self.number = ""
        self.identity = ""


class Demo:
    """The fleet and the steps that bring it up and judge it."""

    def __init__(self, laboratory: Laboratory, progress: Progress, seconds: int) -> None:
        self.laboratory = laboratory
        self.progress = progress
        self.seconds = seconds
        self.programs = find_programs()
        self.plans: list[PoPPlan] = []
        self.pops: dict[str, Namespace] = {}
        self.daemons: dict[str, Daemon] = {}
        self.servers: dict[str, SSHServer] = {}
        self.homes: list[Home] = []

    def run(self) -> None:
        step = self.progress.step
        self.progress.heading("The centre and its inventory")
        step("two internets and a centre", self.build_backbone, needed=True)
        step("sixxs-central init", lambda: self.central.run("init") and None, needed=True)
        step("inventory apply", self.apply_inventory, needed=True)
        print(TOPOLOGY.format(*(plan.name + " " for plan in self.plans), server=SERVER))

        self.progress.heading("PoPs")
        for plan in self.plans:
            step(f"{plan.name}: sshd and sixxsd ({plan.ipv4}, {plan.ipv6})", lambda: self.start_pop(plan), needed=True)
            step(f"{plan.name}: pop trust", lambda: self.trust(plan), needed=True)

        self.progress.heading("Tunnels")
        step("four homes, one of them behind a NAT", self.build_homes, needed=True)
        for home in self.homes:
            step(f"{home.name}: tunnel add", lambda: self.add_tunnel(home), needed=True)
        step("home-6in4: subnet add", self.add_subnet, needed=True)
        step("push to every PoP through SSH", lambda: self.central.run("push") and None, needed=True)
        step("push again: unchanged", self.push_again)
        for home in self.homes:
            step(f"{home.name}: {home.kind} comes up", lambda: self.start_client(home), needed=True)

        self.progress.heading("Packets")
        self.pings()
        self.progress.heading(f"Throughput (TCP, {self.seconds} s each)")
        self.throughputs()
        self.progress.heading("What the centre sees")
        step("a round brings the counters back", self.push_again)
        step("status", self.status)
        step("check", self.check)

    # The centre

    def build_backbone(self) -> None:
        self.backbone = Backbone(self.laboratory)
        self.centre = self.backbone.add_host("centre", ADDRESSES["centre"])
        self.central = Central(self.centre, self.programs.central)
        self.key = make_key(self.laboratory, "centre_key")

    def apply_inventory(self) -> str:
        self.central.run("inventory", "apply", REPOSITORY / "inventory", "--yes")
        self.plans = pop_plans(self.central)
        return f"{len(self.plans)} PoPs"

    # PoPs

    def start_pop(self, plan: PoPPlan) -> None:
        pop = self.backbone.add_pop(plan)
        server = SSHServer(pop, [self.key.with_suffix(".pub").read_text()])
        server.start()
        # A PoP begins with nothing but its own name; all the rest comes from the centre.
        text = f"pop\n\tset\n\t\tdetails {plan.id} {plan.name} {plan.ipv4} {plan.ipv6}\n\t\tid {plan.id}\n\tend\nend\n"
        self.daemons[plan.name] = Daemon(pop, self.programs.sixxsd, text).let_centre_in().start()
        self.pops[plan.name] = pop
        self.servers[plan.name] = server

    def trust(self, plan: PoPPlan) -> None:
        self.central.run("pop", "set", plan.name, "--ssh-host", plan.ipv4, "--ssh-key", self.key)
        self.central.run("pop", "trust", plan.name, "--fingerprint", self.servers[plan.name].fingerprint, "--yes")

    # Tunnels

    def build_homes(self) -> None:
        first, second, third = self.plans
        nat = self.backbone.add_nat("nat", ADDRESSES["nat"])
        public = {name: self.backbone.add_host(name, ADDRESSES[name])
                  for name in ("home-6in4", "home-heartbeat", "home-far")}
        self.homes = [
            Home("home-6in4", "6in4", first, public["home-6in4"]),
            Home("home-ayiya", "ayiya", first, self.backbone.add_behind(nat, "home-ayiya")),
            Home("home-heartbeat", "heartbeat", second, public["home-heartbeat"]),
            Home("home-far", "ayiya", third, public["home-far"]),
        ]

    def add_tunnel(self, home: Home) -> str:
        if home.kind == "6in4":
            home.number = self.central.add_tunnel(home.pop.name, "static", "--endpoint", ADDRESSES[home.name])
        else:
            file = self.laboratory.folder / f"{home.name}.password"
            file.write_text(home.password + "\n")
            file.chmod(0o600)
            home.number = self.central.add_tunnel(home.pop.name, home.kind, "--password-file", file)
        home.identity = inner_address(self.central, home)
        return home.number

    def add_subnet(self) -> str:
        home = self.homes[0]
        self.subnet = self.central.run("subnet", "add", home.number).stdout.split()[0]
        base = self.subnet.partition("::")[0]
        self.lan, self.lan_address = self.backbone.add_lan(home.namespace, "lan", f"{base}:1")
        return self.subnet

    def push_again(self) -> bool:
        return "unchanged" in self.central.run("push").stdout

    def start_client(self, home: Home) -> None:
        password = None if home.kind == "6in4" else home.password
        Client(home.namespace, self.programs.client, home.kind, home.pop.ipv4, home.identity, password,
               beat_interval=10).start()

    # Packets

    def pings(self) -> None:
        core = self.backbone.core
        for home in self.homes:
            for size in (104, 1280):
                self.ping(f"{home.name} → internet, {size} octets", home.namespace, SERVER, size)
                self.ping(f"internet → {home.name}, {size} octets", core, home.identity, size)
        static, ayiya, heartbeat, far = self.homes
        self.ping(f"lan in {self.subnet} → internet", self.lan, SERVER, 1280)
        self.ping("internet → lan", core, self.lan_address, 1280)
        self.ping("home-6in4 → home-ayiya (one PoP)", static.namespace, ayiya.identity, 1280)
        self.ping("home-ayiya → home-6in4 (one PoP)", ayiya.namespace, static.identity, 1280)
        self.ping("home-heartbeat → home-far (two PoPs)", heartbeat.namespace, far.identity, 1280)
        self.ping("home-far → lan (two PoPs)", far.namespace, self.lan_address, 1280)

    def ping(self, text: str, source: Namespace, destination: str, size: int) -> None:
        def action() -> str:
            result = ping(source, destination, count=5, size=size, interval=0.02)
            if not result.all_arrived:
                raise RuntimeError(result.text.strip())
            return f"{result.received}/{result.sent}"

        self.progress.step(text, action)

    def throughputs(self) -> None:
        for home in self.homes:
            self.measure(home.name, "internet", home.namespace, self.backbone.core, SERVER)
        static, ayiya = self.homes[:2]
        self.measure("home-6in4", "home-ayiya", static.namespace, ayiya.namespace, ayiya.identity)

    def measure(self, name: str, other: str, source: Namespace, server: Namespace, address: str) -> None:
        self.measure_one_way(f"{name} → {other}", source, server, address, reverse=False)
        self.measure_one_way(f"{other} → {name}", source, server, address, reverse=True)

    def measure_one_way(self, text: str, source: Namespace, server: Namespace, address: str, reverse: bool) -> None:
        def action() -> str:
            megabits = throughput(source, server, address, self.seconds, reverse)
            if megabits < 1:
                raise RuntimeError("nothing came through")
            return f"{megabits:.0f} Mbit/s"

        self.progress.step(text, action)

    # The centre's view

    def open_pages(self) -> str:
        """Starts the service with its pages; where a browser of this host finds them, and the token."""
        tokens, token = self.central.folder / "tokens", secrets.token_hex(16)
        tokens.write_text(f"demo {token}\n")
        tokens.chmod(0o600)
        self.central.spawn("serve", "--interval", 60, "--web", WEB_PORT, "--web-tokens", tokens)
        door = subprocess.Popen(
            [sys.executable, Path(__file__).parent / "lab" / "doorway.py", self.centre.name, str(WEB_PORT)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        assert door.stdout
        return f"http://127.0.0.1:{door.stdout.readline().strip()}/ with the token {token}"

    def status(self) -> bool:
        result = self.central.run("status", check=False)
        print("\n" + indented(result.stdout) + "\n" + indented(result.stderr))
        return result.returncode == 0

    def check(self) -> bool:
        result = self.central.run("check", "--recent", 0, check=False)
        print(indented(result.stdout + result.stderr))
        return result.returncode == 0


def pop_plans(central: Central) -> list[PoPPlan]:
    """Asks the centre which PoPs the inventory has."""
    prefixes = central.json("prefix", "list")
    plans = []
    for pop in central.json("pop", "list"):
        own = [entry for entry in prefixes if entry["pop"] == pop["name"]]
        tunnel = next(entry["prefix"] for entry in own if entry["kind"] == "tunnel")
        subnets = tuple(entry["prefix"] for entry in own if entry["kind"] == "subnet")
        plans.append(PoPPlan(pop["name"], pop["id"], pop["ipv4"], pop["ipv6"], tunnel, subnets))
    return sorted(plans, key=lambda plan: plan.id)


def inner_address(central: Central, home: Home) -> str:
    """The user's `::2` of a tunnel."""
    return central.json("tunnel", "show", home.number)["userAddress"]


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines()).rstrip("\n")


def hints(demo: Demo) -> str:
    run_id = demo.laboratory.run_id
    name = demo.plans[0].name
    database = demo.central.database
    return f"""
The fleet stays up. Its pages are at

    {demo.open_pages()}

which a browser on this host can open. Try:

    ip netns exec {run_id}-home-ayiya ping {SERVER}
    ip netns exec {run_id}-home-ayiya traceroute -6 {SERVER}
    ip netns exec {run_id}-{name} tcpdump -ni net0
    ip netns exec {run_id}-{name} nc 127.0.0.1 42003        (pop show status, tunnel list, tunnel stats, help)
    ip netns exec {run_id}-centre {demo.programs.central} status --database {database}
    ls {demo.laboratory.logs}

Remove it with:

    make demo-down
"""


def down() -> int:
    for run_id in kept_runs():
        print(f"removing {run_id}")
        tear_down(run_id)
    return 0


def show(keep: bool, seconds: int) -> int:
    progress = Progress()
    exit_on_signals()
    with Laboratory() as laboratory:
        demo = Demo(laboratory, progress, seconds)
        try:
            demo.run()
        except Stop as reason:
            print(f"\nStopped: {reason}. What the programs said last:")
            for name, tail in laboratory.tail_of_logs(12).items():
                print(f"  {name}\n{indented(tail)}")
        if keep:
            laboratory.keep()
            print(hints(demo))
        else:
            progress.step("teardown", lambda: laboratory.close() is None and not laboratory.remains())
    progress.totals()
    return 1 if progress.failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="A fleet in network namespaces.")
    parser.add_argument("--keep", action="store_true", help="leave the fleet up")
    parser.add_argument("--seconds", type=int, default=2, help="how long each throughput run takes")
    parser.add_argument("--down", action="store_true", help="remove what was kept")
    arguments = parser.parse_args()
    if arguments.down:
        return down()
    programs = find_programs()
    missing = what_is_missing()
    if not missing and programs.missing:
        missing = f"not built: {', '.join(programs.missing)} in {programs.folder}"
    if missing:
        print(f"demo: {missing}", file=sys.stderr)
        return 1
    try:
        return show(arguments.keep, arguments.seconds)
    except KeyboardInterrupt:
        close_all()
        print("\ninterrupted; everything was removed", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
