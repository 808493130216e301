import Testing

@testable import sixxs_client

@Suite("Mends that are undone")
struct MendPauseTests {
    @Test func becomeRareAndSilent() {
        var pause = MendPause()
        for second in 1..<MendPause.mostTold {
            #expect(pause.note(at: .seconds(second)) == .each && pause.end == nil)
        }
        #expect(pause.note(at: .seconds(10)) == .last && pause.end == .seconds(11))
        #expect(pause.note(at: .seconds(11)) == .nothing && pause.end == .seconds(13))
        #expect(pause.note(at: .seconds(13)) == .nothing && pause.end == .seconds(17))
        for number in 0..<20 { _ = pause.note(at: .seconds(100 + 60 * number)) }
        #expect(pause.end == .seconds(100 + 60 * 19 + 60))
    }

    @Test func areToldAgainAfterQuiet() {
        var pause = MendPause()
        for second in 1...9 { _ = pause.note(at: .seconds(second)) }
        #expect(pause.note(at: .seconds(308)) == .nothing)
        #expect(pause.note(at: .seconds(608)) == .each)
    }
}
