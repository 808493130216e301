"""A password that changes while its user is away: both are good until the end.

    centre ── inet ── chtst01   sshd, sixxsd ── inet ── home
"""

from __future__ import annotations

import json

from lab.client import Client
from lab.fleet import PLANS, Fleet
from lab.namespace import Laboratory, wait_for
from lab.programs import Programs
from lab.traffic import ping


def test_an_old_password_is_good_until_its_end(laboratory: Laboratory, programs: Programs) -> None:
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    central, pop = fleet.central, fleet.pops["chtst01"]
    number = central.add_tunnel(pop.name, "ayiya")
    row = json.loads(central.run("tunnel", "show", number, "--secret", "--json").stdout)
    old, identity = row["password"], row["userAddress"]
    assert row["clientCommand"] == (f"sixxs-client ayiya --pop {pop.plan.ipv4} --identity {identity} --mtu {row['mtu']} "
                                    "--password-file FILE")
    central.outcomes()
    home = fleet.backbone.add_host("home", "203.0.113.10")
    client = Client(home, programs.client, "ayiya", pop.plan.ipv4, identity, old, beat_interval=1).start()

    said = central.run("tunnel", "set", number, "--new-password", "--keep-old", "24h").stdout
    assert "; the old password is good until 20" in said
    assert "good until 20" in central.run("tunnel", "show", number).stdout
    new = json.loads(central.run("tunnel", "show", number, "--secret", "--json").stdout)["password"]
    assert new != old and new in said
    assert central.outcomes() == {pop.name: "applied"}
    assert ping(home, client.pops_end, count=3).all_arrived, "the user has not changed it yet"
    # Not only what was open: a client that starts now with the old one works too, and so does one with the new one.
    client.stop()
    for password in (old, new):
        client = Client(home, programs.client, "ayiya", pop.plan.ipv4, identity, password, beat_interval=1).start()
        assert ping(home, client.pops_end, count=3).all_arrived
        client.stop()

    assert central.run("tunnel", "set", number, "--end-old").returncode == 0
    assert central.outcomes() == {pop.name: "applied"}
    late = Client(home, programs.client, "ayiya", pop.plan.ipv4, identity, old, beat_interval=1)
    process = late.launch()
    wait_for(lambda: "no answer" in process.output, 15, "the old password to be refused")
    late.stop()
    assert Client(home, programs.client, "ayiya", pop.plan.ipv4, identity, new, beat_interval=1).start().stop() == 0
