import Glibc
import SystemPackage
import Testing

@testable import LinuxIO

@Suite("Attempts")
struct AttemptTests {
    /// Makes calls that fail with these errors, one after the other, and then return 7.
    private static func outcome(
        of errors: [CInt],
        _ attempt: (() -> Int) -> Result<Int, Errno>
    ) -> (result: Result<Int, Errno>, calls: Int) {
        var calls = 0
        let result = attempt {
            defer { calls += 1 }
            guard calls < errors.count else { return 7 }
            errno = errors[calls]
            return -1
        }
        return (result, calls)
    }

    @Test func areRepeatedAfterASignal() {
        let (result, calls) = Self.outcome(of: [EINTR, EINTR], attempt)
        #expect(result == .success(7))
        #expect(calls == 3)
    }

    @Test func failWithTheirError() {
        #expect(Self.outcome(of: [EHOSTUNREACH], attempt).result == .failure(.noRouteToHost))
    }

    @Test(arguments: [EHOSTUNREACH, ECONNREFUSED, EMSGSIZE])
    func toSendAreMadeAgainAfterWhatMayBeAboutAnEarlierPacket(_ error: CInt) {
        let (result, calls) = Self.outcome(of: [error], attemptToSend)
        #expect(result == .success(7))
        #expect(calls == 2)
    }

    @Test func toSendAreMadeNoMoreThanTwice() {
        let (result, calls) = Self.outcome(of: [ECONNREFUSED, EHOSTUNREACH], attemptToSend)
        #expect(result == .failure(.noRouteToHost))
        #expect(calls == 2)
    }

    @Test(arguments: [EAGAIN, ENOBUFS])
    func toSendAreMadeOnceWhereThereIsNoRoom(_ error: CInt) {
        let (result, calls) = Self.outcome(of: [error], attemptToSend)
        #expect(result == .failure(Errno(rawValue: error)))
        #expect(calls == 1)
    }
}
