import TestSupport
import Testing
import Wire

@testable import Core

@Suite("What verdicts read of a tunnel") struct ForwardingEntryTests {
    @Test func agreesWithTheRowAfterAnyHistory() throws {
        var generator = SeededGenerator(seed: 20_261_126)
        for number in 0..<15 {
            let script = generator.octets(.random(in: 0...4000, using: &generator))

            #expect(throws: Never.self, "script \(number)") {
                try EngineScript.play(script, check: Self.checkMTUs)
            }
        }
    }

    private static func checkMTUs(_ script: EngineScript) throws(BrokenPromise) {
        for tid in ScriptWorld.tids {
            let before = script.engine.tables.forwarding.entries[tid].effectiveMTU
            script.engine.tables.forwarding.refreshMTU(of: tid)
            let after = script.engine.tables.forwarding.entries[tid].effectiveMTU
            try BrokenPromise.unless(before == after, "\(before) octets instead of \(after) for \(tid)")
        }
    }

    @Test func takesFourOctets() {
        #expect(MemoryLayout<ForwardingEntry>.stride == 4)
    }

    @Test func followsTheModeOfThePathMTU() throws {
        let pop = TestPoP()
        let tid = CoreTests.tid(Plan.Tunnel.fixed)
        pop.engine.noteLinkMTU(1400, of: tid, at: pop.now)
        #expect(pop.engine.tables.forwarding.entries[tid].effectiveMTU == 1380)

        let text = "pop set path-mtu static\n" + Plan.text
        let configuration = EngineConfiguration(try Configuration(parsing: text, file: "test.conf"))
        _ = pop.engine.apply(configuration, at: pop.now)

        #expect(pop.engine.tables.forwarding.entries[tid].effectiveMTU == 1480)
    }
}
