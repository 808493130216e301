"""The offload settings of every link of a laboratory, for below a table."""

from __future__ import annotations

import re

from lab.namespace import Laboratory, Namespace

# What a figure depends on, by ethtool's name.
FEATURES = {"tcp-segmentation-offload": "TSO", "tx-udp-segmentation": "UDP segmentation",
            "generic-segmentation-offload": "GSO", "generic-receive-offload": "GRO", "tx-checksumming": "checksums"}


def settings(laboratory: Laboratory) -> list[str]:
    """A paragraph: each combination of settings, and the devices that have it."""
    found: dict[str, list[str]] = {}
    for host in laboratory.namespaces.values():
        for device in _devices(host):
            found.setdefault(_of(host, device), []).append(f"{host.short_name}/{device}")
    sentences = [f"{words}: {', '.join(names)}." for words, names in sorted(found.items())]
    return ["Offload settings (`ethtool -k`) by host/device. " + " ".join(sentences)]


def _devices(host: Namespace) -> list[str]:
    entries = host.show("link", "show")
    assert isinstance(entries, list)
    return [entry["ifname"] for entry in entries if entry.get("ifname", "lo") != "lo"]


def _of(host: Namespace, device: str) -> str:
    text = host.run("ethtool", "-k", device, check=False).stdout
    values = dict(re.findall(r"^\s*([\w-]+): (on|off)", text, re.MULTILINE))
    on = [short for name, short in FEATURES.items() if values.get(name) == "on"]
    off = [short for name, short in FEATURES.items() if values.get(name) != "on"]
    return (f"{', '.join(on)} on" if on else "All off") + (f", {', '.join(off)} off" if on and off else "")
