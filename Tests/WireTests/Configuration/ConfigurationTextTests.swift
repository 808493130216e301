import Testing
import Wire

@Suite("The canonical text of a configuration") struct ConfigurationTextTests {
    static let everything = """
        pop
        \tset
        \t\tdetails 1 chtst01 192.0.2.42 2001:db8::42
        \t\tdetails 4095 nlams01 192.0.2.43 2001:db8::43
        \t\tid 1
        \t\tbeat-timeout 120
        \t\ticmp-rate 1 2 3
        \t\tpath-mtu static
        \t\tprotocol-unreachable on
        \t\tverbosity on
        \t\tdebug on
        \tend
        \ttunnelprefix add 2001:db8:2ff::/48
        \tsubnetprefix add 2001:db8:3000::/40
        \tsubnetprefix add 2001:db8:4000::/48
        \tcliacl
        \t\treset
        \t\tadd ::1
        \t\tadd 10.0.0.0/8
        \tend
        end
        tunnel
        \tset
        \t\tconfig 0 T4141 172.16.1.1 up 1480
        \t\tconfig 1 T5072 ayiya up 1428 secret
        \t\tconfig 2 T9 2001:db9::1 disabled 1280 unused
        \t\tconfig 10 T10 heartbeat up 1280 beat
        \t\tconfig 1fff T4294967295 dynamic disabled 1280 x
        \tend
        end
        subnet
        \tset
        \t\tconfig 2001:db8:3001::/48 1 static
        \t\tconfig 2001:db8:4000:100::/56 1fff static
        \tend
        end

        """

    @Test func isAFixedPoint() throws {
        let configuration = try ConfigurationTests.load(Self.everything)

        #expect(configuration.canonicalText == Self.everything)
    }

    @Test(arguments: [Self.everything, ConfigurationTests.example, ""])
    func loadsToAnEqualValue(_ text: String) throws {
        let configuration = try ConfigurationTests.load(text)

        #expect(try ConfigurationTests.load(configuration.canonicalText) == configuration)
        #expect(configuration.canonicalText.hasSuffix("end\n"))
    }

    @Test func isSortedWhateverTheOrderWas() throws {
        let configuration = try ConfigurationTests.load(Self.everything)
        var shuffled = configuration
        shuffled.tunnels.reverse()
        shuffled.subnets.reverse()
        shuffled.pop.pops.reverse()
        shuffled.pop.subnetPrefixes.reverse()

        #expect(shuffled.canonicalText == Self.everything)
        #expect(shuffled.digest == configuration.digest)
        #expect(shuffled.difference(from: configuration).description == "tunnels +0 ~0 -0, subnets +0 ~0 -0")
    }

    @Test func ofATextInAnotherOrderLoadsToAnEqualValue() throws {
        let lines = ["2 T2 192.0.2.2 up 1280", "1 T1 192.0.2.1 up 1280"].map { "tunnel set config \($0)\n" }
        let configuration = try ConfigurationTests.load(
            "pop tunnelprefix add 2001:db8::/48\n" + lines.joined()
        )

        let again = try ConfigurationTests.load(configuration.canonicalText)

        #expect(again == configuration)
    }

    @Test func leavesDefaultsOut() throws {
        let text =
            "pop set beat-timeout 300\npop set icmp-rate 10 10 1000\npop set path-mtu dynamic\npop set debug off"

        #expect(try ConfigurationTests.load(text).canonicalText == Configuration().canonicalText)
    }

    @Test func hidesPasswordsWhenAsked() throws {
        let text = try ConfigurationTests.load(Self.everything).text(passwords: .hidden)

        #expect(text.contains("config 1 T5072 ayiya up 1428 <hidden>\n"))
        #expect(text.contains("config 2 T9 2001:db9::1 disabled 1280 <hidden>\n"))
        #expect(text.contains("config 0 T4141 172.16.1.1 up 1480\n"))
        for password in ["secret", "unused", "beat\n"] {
            #expect(!text.contains(password))
        }
    }

    @Test func hasADigestThatEverySettingChanges() throws {
        let lines = Self.everything.split(separator: "\n").map(String.init)
        let whole = try ConfigurationTests.load(Self.everything)
        for (index, line) in lines.enumerated()
        where !["pop", "set", "end", "cliacl", "tunnel", "subnet", "reset"]
            .contains(line.trimmingTabs)
        {
            var fewer = lines
            fewer.remove(at: index)
            guard let configuration = try? ConfigurationTests.load(fewer.joined(separator: "\n")) else {
                continue
            }

            #expect(configuration.digest != whole.digest, "without \(line)")
        }
    }

    @Test func hasTheDigestOfItsOctets() {
        #expect(
            Configuration.sha256(of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }
}

extension String {
    fileprivate var trimmingTabs: String { String(self.drop { $0 == "\t" }) }
}
