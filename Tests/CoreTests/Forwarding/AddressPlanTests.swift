import Core
import TestSupport
import Testing
import Wire

@Suite("The address plan") struct AddressPlanTests {
    private static func plan(_ text: String = Plan.text) throws -> AddressPlan {
        AddressPlan(try Configuration(parsing: text, file: "test.conf"))
    }

    // swift-format-ignore
    static let owners: [Row<String, AddressOwner>] = [
        Row("just under the tunnel prefix",       "2001:db8:2fe:ffff:ffff:ffff:ffff:ffff", is: .external),
        Row("first address of the tunnel prefix", "2001:db8:2ff::",                        is: .unassigned(tid(0))),
        Row("our side of tunnel 0",               "2001:db8:2ff::1",                       is: .local(tid(0))),
        Row("the user's side of tunnel 0",        "2001:db8:2ff::2",                       is: .remote(tid(0))),
        Row("the next address after it",          "2001:db8:2ff::3",                       is: .unassigned(tid(0))),
        Row("last address of tunnel 0's /64",     "2001:db8:2ff:0:ffff:ffff:ffff:ffff",    is: .unassigned(tid(0))),
        Row("1 in the upper interface half",      "2001:db8:2ff:0:0:1::1",                 is: .unassigned(tid(0))),
        Row("our side of tunnel 1",               "2001:db8:2ff:1::1",                     is: .local(tid(1))),
        Row("the user's side of tunnel 1",        "2001:db8:2ff:1::2",                     is: .remote(tid(1))),
        Row("our side of the last tunnel",        "2001:db8:2ff:1fff::1",                  is: .local(tid(0x1fff))),
        Row("the user's side of the last tunnel", "2001:db8:2ff:1fff::2",                  is: .remote(tid(0x1fff))),
        Row("last address of the last tunnel",    "2001:db8:2ff:1fff:ffff:ffff:ffff:ffff", is: .unassigned(tid(0x1fff))),
        Row("first /64 beyond the tunnels",       "2001:db8:2ff:2000::1",                  is: .nobody),
        Row("last /64 before the default ones",   "2001:db8:2ff:7fff::2",                  is: .nobody),
        Row("default /64 of tunnel 0, ::",        "2001:db8:2ff:8000::",                   is: .routed(tid(0))),
        Row("default /64 of tunnel 0, ::1",       "2001:db8:2ff:8000::1",                  is: .routed(tid(0))),
        Row("default /64 of tunnel 0, last",      "2001:db8:2ff:8000:ffff:ffff:ffff:ffff", is: .routed(tid(0))),
        Row("default /64 of tunnel 1",            "2001:db8:2ff:8001::99",                 is: .routed(tid(1))),
        Row("default /64 of the last tunnel",     "2001:db8:2ff:9fff::",                   is: .routed(tid(0x1fff))),
        Row("first /64 beyond the default ones",  "2001:db8:2ff:a000::1",                  is: .nobody),
        Row("last /64 before the daemon's",       "2001:db8:2ff:fffe::1",                  is: .nobody),
        Row("the daemon",                         "2001:db8:2ff:ffff::1",                  is: .daemon),
        Row("beside the daemon, below",           "2001:db8:2ff:ffff::",                   is: .nobody),
        Row("beside the daemon, above",           "2001:db8:2ff:ffff::2",                  is: .nobody),
        Row("last address of the tunnel prefix",  "2001:db8:2ff:ffff:ffff:ffff:ffff:ffff", is: .nobody),
        Row("just over the tunnel prefix",        "2001:db8:300::1",                       is: .external),

        Row("just under the /40",                 "2001:db8:2fff:ffff:ffff:ffff:ffff:ffff", is: .external),
        Row("first /48 of the /40, unused",       "2001:db8:3000::1",                       is: .nobody),
        Row("just under a subnet of the /40",     "2001:db8:3000:ffff:ffff:ffff:ffff:ffff", is: .nobody),
        Row("first address of a subnet",          "2001:db8:3001::",                        is: .routed(tid(0))),
        Row("last address of a subnet",           "2001:db8:3001:ffff:ffff:ffff:ffff:ffff", is: .routed(tid(0))),
        Row("just over a subnet of the /40",      "2001:db8:3002::",                        is: .nobody),
        Row("first address of the last /48",      "2001:db8:30ff::",                        is: .routed(tid(4))),
        Row("last address of the /40",            "2001:db8:30ff:ffff:ffff:ffff:ffff:ffff", is: .routed(tid(4))),
        Row("just over the /40",                  "2001:db8:3100::",                        is: .external),

        Row("just under the /48",                 "2001:db8:3fff:ffff:ffff:ffff:ffff:ffff", is: .external),
        Row("first /56 of the /48, unused",       "2001:db8:4000::1",                       is: .nobody),
        Row("just under a subnet of the /48",     "2001:db8:4000:1ff:ffff:ffff:ffff:ffff",  is: .nobody),
        Row("first address of a /56",             "2001:db8:4000:200::",                    is: .routed(tid(1))),
        Row("last address of a /56",              "2001:db8:4000:2ff:ffff:ffff:ffff:ffff",  is: .routed(tid(1))),
        Row("just over a /56",                    "2001:db8:4000:300::",                    is: .nobody),
        Row("last address of the /48",            "2001:db8:4000:ffff:ffff:ffff:ffff:ffff", is: .nobody),
        Row("just over the /48",                  "2001:db8:4001::",                        is: .external),

        Row("a host on the internet",             "2001:db8:ffff::10",                      is: .external),
        Row("unspecified",                        "::",                                     is: .external),
        Row("loopback",                           "::1",                                    is: .external),
        Row("link-local",                         "fe80::1",                                is: .external),
        Row("multicast",                          "ff02::1",                                is: .external),
        Row("the prefix in the lower half",       "::2001:db8:2ff:0",                       is: .external),
    ]

    @Test(arguments: Self.owners)
    func knowsTheOwner(_ row: Row<String, AddressOwner>) throws {
        let plan = try Self.plan()

        let owner = plan.owner(of: ipv6(row.input))

        #expect(owner == row.output)
    }

    @Test func composesTheAddressesThatItTakesApart() throws {
        let plan = try Self.plan()

        for tid in TID.allCases {
            guard plan.owner(of: plan.localAddress(of: tid)) == .local(tid),
                plan.owner(of: plan.remoteAddress(of: tid)) == .remote(tid)
            else {
                Issue.record("tid \(tid)")
                return
            }
        }
        #expect(plan.owner(of: plan.daemonAddress) == .daemon)
        #expect(plan.daemonAddress == Plan.daemon)
        #expect(plan.localAddress(of: tid(0x1fff)) == ipv6("2001:db8:2ff:1fff::1"))
    }

    @Test func hasLinkLocalAddressesForTunnels() {
        #expect(AddressPlan.linkLocalAddress(of: tid(0)) == ipv6("fe80::1"))
        #expect(AddressPlan.linkLocalAddress(of: tid(1)) == ipv6("fe80::1:1"))
        #expect(AddressPlan.linkLocalAddress(of: tid(0x1fff)) == ipv6("fe80::1fff:1"))
    }

    @Test func ownsNothingWithoutPrefixes() throws {
        let plan = try Self.plan("pop set details 1 a 192.0.2.1 2001:db8::1\npop set id 1\n")

        for address in ["2001:db8:2ff::1", "::", "::1", "0:0:0:1::1", "ff02::1"] {
            #expect(plan.owner(of: ipv6(address)) == .external, "\(address)")
        }
        #expect(plan.localAddress(of: tid(1)) == .unspecified)
        #expect(plan.daemonAddress == .unspecified)
    }

    /// A /40 at `2001:d00:<n>00::` or a /48 at `2001:d00:<n>00::` in turn, with a subnet in the first, one in the
    /// middle, and the last place of each.
    private static let sixteenPrefixes: String = {
        var text = "pop tunnelprefix add 2001:db8:2ff::/48\n"
        for number in 0..<16 {
            let length = number.isMultiple(of: 2) ? 40 : 48
            text += "pop subnetprefix add 2001:d00:\(String(number * 256, radix: 16))::/\(length)\n"
            for place in [0, 0x5a, 0xff] { text += Self.subnet(number, place).line }
        }
        return text
    }()

    private static func subnet(_ number: Int, _ place: Int) -> (line: String, prefix: String, tid: UInt16) {
        let tid = UInt16(number * 256 + place)
        let isLong = !number.isMultiple(of: 2)
        let high = String(number * 256 + (isLong ? 0 : place), radix: 16)
        let prefix = isLong ? "2001:d00:\(high):\(String(place * 256, radix: 16))" : "2001:d00:\(high)"
        let name = String(tid, radix: 16)
        let line = """
            tunnel set config \(name) T\(Int(tid) + 1) 192.0.2.7 up 1280
            subnet set config \(prefix)::/\(isLong ? 56 : 48) \(name) static

            """
        return (line, prefix, tid)
    }

    @Test func takesSixteenSubnetPrefixes() throws {
        let plan = try Self.plan(Self.sixteenPrefixes)

        for number in 0..<16 {
            for place in [0, 0x5a, 0xff] {
                let subnet = Self.subnet(number, place)
                #expect(plan.owner(of: ipv6("\(subnet.prefix)::77")) == .routed(tid(subnet.tid)), "\(subnet)")
            }
            for place in [1, 0x59, 0x5b, 0xfe] {
                let subnet = Self.subnet(number, place)
                #expect(plan.owner(of: ipv6("\(subnet.prefix)::77")) == .nobody, "\(subnet)")
            }
        }
        #expect(plan.owner(of: ipv6("2001:d00:1000::")) == .external)
        #expect(plan.owner(of: ipv6("2001:d00:101::")) == .external)
    }
}
