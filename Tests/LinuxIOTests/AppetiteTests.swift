import LinuxIO
import Testing

@Suite("The appetite for messages")
struct AppetiteTests {
    private static func appetite(after messages: Int, _ packets: Int) -> Int {
        var appetite = Appetite(messages: 64, packets: 256)
        appetite.note(messages: messages, packets: packets)
        return appetite.messages
    }

    @Test func isLargeForSinglePackets() {
        #expect(Appetite(messages: 64, packets: 256).messages == 64)
        #expect(Self.appetite(after: 64, 64) == 64)
        #expect(Self.appetite(after: 64, 4 * 64) == 64)
    }

    @Test func isSmallForMessagesThatStandForMany() {
        #expect(Self.appetite(after: 64, 64 * 64) == 4)
        #expect(Self.appetite(after: 1, 64) == 4)
        #expect(Self.appetite(after: 10, 10 * 45) == 5)
    }

    @Test func isNeverNone() {
        #expect(Self.appetite(after: 1, 65_535) == 1)
    }

    @Test func staysWhenNothingCame() {
        var appetite = Appetite(messages: 64, packets: 256)
        appetite.note(messages: 2, packets: 128)
        appetite.note(messages: 0, packets: 0)
        #expect(appetite.messages == 4)
    }

    @Test func comesBackWithSinglePackets() {
        var appetite = Appetite(messages: 64, packets: 256)
        appetite.note(messages: 64, packets: 64 * 64)
        appetite.note(messages: 4, packets: 4)
        #expect(appetite.messages == 64)
    }
}
