"""The internets that a fleet lives between.

     host 2001:db8:ffff::80                           centre     home (203.0.113.x)
          │                                              │            │
    ┌─────┴──────┐                                 ┌─────┴────────────┴──┐
    │    core    │  native IPv6 internet           │        inet         │  IPv4 internet: one router,
    │            │  (router and host in one)       │  198.18.0.1         │  every address a /32 on its cable
    └─┬───┬───┬──┘                                 └─┬───┬───┬─────┬─────┘
      │   │   │ core0                           net0 │   │   │     │ net0 (public address)
      │   │   └──────────── PoP 3 ───────────────────┘   │   │  ┌──┴──┐
      │   └──────────────── PoP 2 ───────────────────────┘   │  │ nat │  nftables masquerade
      └──────────────────── PoP 1 ───────────────────────────┘  └──┬──┘
                     (sixxsd, sshd, TUN sixxs)                     │ 192.168.77.0/24
                                                                 home

A cable carries no subnet: each end has a host route, so any documentation address may sit anywhere and a
host moves by changing its address. Links are Ethernet of 1500 octets unless told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .namespace import Laboratory, Namespace

SERVER = "2001:db8:ffff::80"
ROUTER = "198.18.0.1"
CORE_GATEWAY = "fe80::1"
POP_GATEWAY = "fe80::2"


@dataclass(frozen=True)
class PoPPlan:
    """Where a PoP sits and which prefixes the core routes to it."""

    name: str
    id: int
    ipv4: str
    ipv6: str
    tunnel_prefix: str
    subnet_prefixes: tuple[str, ...] = field(default=())

    @property
    def base(self) -> str:
        """The tunnel prefix as text to put a tid behind: `2001:db8:101` of `2001:db8:101::/48`."""
        return self.tunnel_prefix.partition("::")[0]

    def us(self, tid: int) -> str:
        """The PoP's side of a tunnel."""
        return f"{self.base}:{tid:x}::1"

    def them(self, tid: int) -> str:
        """The user's side of a tunnel."""
        return f"{self.base}:{tid:x}::2"

    def inventory(self, key: Path) -> str:
        """Its file in an inventory."""
        subnets = "".join(f"    - {prefix}\n" for prefix in self.subnet_prefixes)
        return (f"id: {self.id}\nname: {self.name}\nipv4: {self.ipv4}\nipv6: \"{self.ipv6}\"\n"
                f"ssh:\n  host: {self.ipv4}\n  user: sixxs\n  key: {key}\n"
                f"prefixes:\n  tunnel: {self.tunnel_prefix}\n" + (f"  subnets:\n{subnets}" if subnets else ""))

    @property
    def own_address(self) -> str:
        """The daemon's own address."""
        return f"{self.base}:ffff::1"


class Backbone:
    """Both internets, to which hosts are attached one by one."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.laboratory = laboratory
        self.core = laboratory.namespace("core")
        self.inet = laboratory.namespace("inet")
        self.core.sysctl({"net.ipv6.conf.all.forwarding": "1"})
        self.core.ip(f"addr add {SERVER}/128 dev lo")
        self.inet.sysctl({"net.ipv4.ip_forward": "1"})
        self.inet.ip(f"addr add {ROUTER}/32 dev lo")

    def add_pop(self, plan: PoPPlan) -> Namespace:
        """Attaches a PoP to both internets."""
        pop = self.add_host(plan.name, plan.ipv4)
        cable = plan.name
        self.laboratory.link(self.core, cable, pop, "core0")
        prefixes = [f"{plan.ipv6}/128", plan.tunnel_prefix, *plan.subnet_prefixes]
        self.core.ip(f"addr add {CORE_GATEWAY}/64 dev {cable} nodad",
                     *(f"route add {prefix} via {POP_GATEWAY} dev {cable}" for prefix in prefixes))
        pop.ip(f"addr add {POP_GATEWAY}/64 dev core0 nodad", f"addr add {plan.ipv6}/128 dev core0 nodad",
               f"route add ::/0 via {CORE_GATEWAY} dev core0 src {plan.ipv6}")
        return pop

    def add_host(self, name: str, ipv4: str, mtu: int = 1500) -> Namespace:
        """Attaches a host to the IPv4 internet."""
        host = self.laboratory.namespace(name)
        self.laboratory.link(self.inet, name, host, "net0", mtu)
        self.give_address(host, ipv4)
        host.ip(f"route add default via {ROUTER} dev net0 onlink src {ipv4}")
        return host

    def give_address(self, host: Namespace, ipv4: str) -> None:
        """Adds one more public address to a host."""
        host.ip(f"addr add {ipv4}/32 dev net0")
        self.inet.ip(f"route add {ipv4}/32 dev {host.short_name}")

    def move(self, host: Namespace, old: str, new: str) -> None:
        """Takes a host's address away and gives it another, as a new lease would."""
        self.give_address(host, new)
        host.ip(f"route replace default via {ROUTER} dev net0 onlink src {new}", f"addr del {old}/32 dev net0")
        self.inet.ip(f"route del {old}/32 dev {host.short_name}")

    def add_nat(self, name: str, ipv4: str, inside: str = "192.168.77.1") -> Namespace:
        """Attaches a home router that hides what is behind it."""
        nat = self.add_host(name, ipv4)
        nat.sysctl({"net.ipv4.ip_forward": "1"})
        nat.nft("""
            table ip nat {
                chain postrouting {
                    type nat hook postrouting priority srcnat
                    oifname "net0" masquerade
                }
            }""")
        return nat

    def add_behind(self, nat: Namespace, name: str, address: str = "192.168.77.2",
                   gateway: str = "192.168.77.1") -> Namespace:
        """Attaches a host behind a home router."""
        host = self.laboratory.namespace(name)
        self.laboratory.link(nat, name, host, "net0")
        nat.ip(f"addr add {gateway}/24 dev {name}")
        host.ip(f"addr add {address}/24 dev net0", f"route add default via {gateway} dev net0")
        return host

    def add_lan(self, router: Namespace, name: str, prefix_base: str) -> tuple[Namespace, str]:
        """Attaches a host behind a tunnel client that routes: `<base>::2` through `<base>::1`.

        Returns the host and its address.
        """
        host = self.laboratory.namespace(name)
        self.laboratory.link(router, name, host, "lan0")
        router.sysctl({"net.ipv6.conf.all.forwarding": "1"})
        router.ip(f"addr add {prefix_base}::1/64 dev {name} nodad")
        host.ip(f"addr add {prefix_base}::2/64 dev lan0 nodad", f"route add ::/0 via {prefix_base}::1 dev lan0")
        return host, f"{prefix_base}::2"
