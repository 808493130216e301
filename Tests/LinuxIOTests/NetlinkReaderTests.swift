import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing
import Wire

@testable import LinuxIO

@Suite("Readers of netlink")
struct NetlinkReaderTests {
    /// `NETLINK_TEST_SEED` repeats a run with another seed.
    private static let seed =
        ProcessInfo.processInfo.environment["NETLINK_TEST_SEED"].flatMap { UInt64($0) } ?? 20_261_125

    private static let rounds = 20_000

    /// How much of a datagram means something to each reader.
    private static func read(_ datagram: [UInt8]) -> Int {
        NetlinkReply.messages(in: datagram).reduce(0) { count, reply in
            let found: [Any?] = [
                RouteChange(reply), IPv4Way(reply, to: IPv4Address(1)), Neighbour(reply), EthernetLink(reply),
                reply.explanation, IPv6RouteEntry(reply),
                LinkState(reply), InterfaceAddress(reply),
            ]
            return count + found.count { $0 != nil }
        }
    }

    @Test
    func readWhatTheKernelWrites() throws {
        #expect(NetlinkSamples.all.map(Self.read) == [2, 2, 3, 2, 1, 1])
        for sample in NetlinkSamples.all {
            #expect(throws: Never.self, "\(sample)") { try checkNetlink(sample) }
            #expect(throws: Never.self, "\(sample)") { try checkNetlink(sample + sample + [1, 2, 3]) }
        }
    }

    /// In a process of its own, so that a trap fails this test alone; the fuzzer does the same with more patience.
    @Test
    func keepTheirPromisesWhateverTheyRead() async {
        await #expect(processExitsWith: .success, "seed \(Self.seed)") {
            var mutator = Mutator(seed: Self.seed, samples: NetlinkSamples.all)
            for round in 0..<Self.rounds {
                let input = mutator.next()
                do throws(BrokenPromise) {
                    try checkNetlink(input)
                } catch {
                    Issue.record("seed \(Self.seed), input \(round) \(input): not so: \(error)")
                    return
                }
            }
        }
    }

    @Test(arguments: [(-EEXIST, EEXIST), (0, 0), (Int32.max, -Int32.max), (Int32.min, Int32.min)])
    func takeAnyNumberForAnError(_ said: Int32, _ number: Int32) throws {
        let reply = try #require(NetlinkReply.messages(in: NetlinkSamples.error(said, saying: "no")).first)
        #expect(reply.errno?.rawValue == number)
        #expect(reply.explanation == "no")
    }

    @Test
    func takeTheLastAttributeOfAType() {
        let octets: [UInt8] = [5, 0, 7, 0, 1, 0, 0, 0, 5, 0, 7, 0x80, 2, 0, 0, 0]
        #expect(NetlinkReply.attributes(in: octets[...]).mapValues(Array.init) == [7: [2]])
    }

    @Test
    func trapOnNothing() {
        for sample in NetlinkSamples.all {
            for length in 0..<sample.count { #expect(Self.read(Array(sample.prefix(length))) == 0) }
            for place in sample.indices {
                for value in UInt8.min...UInt8.max {
                    var changed = sample
                    changed[place] = value
                    #expect(Self.read(changed) <= 3)
                    // The same within a message that is shorter than its attributes say.
                    if place >= 4 { #expect(Self.read(Self.cut(changed, to: place)) <= 3) }
                }
            }
        }
    }

    /// Shortens a message and says so in its header.
    private static func cut(_ message: [UInt8], to length: Int) -> [UInt8] {
        var cut = Array(message.prefix(max(length, 16)))
        withUnsafeBytes(of: UInt32(cut.count)) {
            for (place, octet) in $0.enumerated() { cut[place] = octet }
        }
        return cut
    }
}
