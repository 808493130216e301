"""The offload settings of every link of a laboratory, for below a table."""

from __future__ import annotations

import os
import re

from lab.namespace import Laboratory, Namespace

# What a figure depends on, by ethtool's name.
FEATURES = {"tcp-segmentation-offload": "TSO", "tx-udp-segmentation": "UDP segmentation",
            "generic-segmentation-offload": "GSO", "generic-receive-offload": "GRO", "tx-checksumming": "checksums"}


def settings(laboratories: dict[str, Laboratory]) -> list[str]:
    """A paragraph: each combination of settings, and the devices that have it; where laboratories differ, in which."""
    by_device: dict[str, dict[str, list[str]]] = {}
    for name, laboratory in laboratories.items():
        for host in laboratory.namespaces.values():
            for device in _devices(host):
                words = by_device.setdefault(f"{host.short_name}/{_without_pid(device)}", {})
                words.setdefault(_of(host, device), []).append(name)
    found: dict[str, list[str]] = {}
    for device, settings_of in by_device.items():
        for words, names in settings_of.items():
            found.setdefault(words, []).append(device + (f" ({' · '.join(names)})" if len(settings_of) > 1 else ""))
    sentences = [f"{words}: {', '.join(devices)}." for words, devices in sorted(found.items())]
    return ["Offload settings (`ethtool -k`) by host/device. " + " ".join(sentences)]


def _devices(host: Namespace) -> list[str]:
    entries = host.show("link", "show")
    assert isinstance(entries, list)
    return [entry["ifname"] for entry in entries if entry.get("ifname", "lo") != "lo"]


def _without_pid(device: str) -> str:
    """The name of a device, the same in every run."""
    return device.replace(str(os.getpid()), "")


def _of(host: Namespace, device: str) -> str:
    text = host.run("ethtool", "-k", device, check=False).stdout
    values = dict(re.findall(r"^\s*([\w-]+): (on|off)", text, re.MULTILINE))
    on = [short for name, short in FEATURES.items() if values.get(name) == "on"]
    off = [short for name, short in FEATURES.items() if values.get(name) != "on"]
    return (f"{', '.join(on)} on" if on else "All off") + (f", {', '.join(off)} off" if on and off else "")
