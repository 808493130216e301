import LinuxIO
import Testing

@Suite("The receiveBudget for messages")
struct ReceiveBudgetTests {
    private static func receiveBudget(after messages: Int, _ packets: Int) -> Int {
        var receiveBudget = ReceiveBudget(messages: 64, packets: 256)
        receiveBudget.note(messages: messages, packets: packets)
        return receiveBudget.messages
    }

    @Test func isLargeForSinglePackets() {
        #expect(ReceiveBudget(messages: 64, packets: 256).messages == 64)
        #expect(Self.receiveBudget(after: 64, 64) == 64)
        #expect(Self.receiveBudget(after: 64, 4 * 64) == 64)
    }

    @Test func isSmallForMessagesThatStandForMany() {
        #expect(Self.receiveBudget(after: 64, 64 * 64) == 4)
        #expect(Self.receiveBudget(after: 1, 64) == 4)
        #expect(Self.receiveBudget(after: 10, 10 * 45) == 5)
    }

    @Test func isNeverNone() {
        #expect(Self.receiveBudget(after: 1, 65_535) == 1)
    }

    @Test func staysWhenNothingCame() {
        var receiveBudget = ReceiveBudget(messages: 64, packets: 256)
        receiveBudget.note(messages: 2, packets: 128)
        receiveBudget.note(messages: 0, packets: 0)
        #expect(receiveBudget.messages == 4)
    }

    @Test func comesBackWithSinglePackets() {
        var receiveBudget = ReceiveBudget(messages: 64, packets: 256)
        receiveBudget.note(messages: 64, packets: 64 * 64)
        receiveBudget.note(messages: 4, packets: 4)
        #expect(receiveBudget.messages == 64)
    }
}
