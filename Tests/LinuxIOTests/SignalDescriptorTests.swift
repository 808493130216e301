import Glibc
import LinuxIO
import Testing

@Suite("SignalDescriptor")
struct SignalDescriptorTests {
    @Test
    func readsASignalInsteadOfDyingOfIt() throws {
        // Signal masks belong to the thread, and so does a signal that is sent to it.
        try Thread.run {
            let signals = try SignalDescriptor([.terminate, .hangUp])
            #expect(signals.next() == nil)

            pthread_kill(pthread_self(), SIGTERM)
            pthread_kill(pthread_self(), SIGHUP)

            let received = [signals.next(), signals.next()]
            #expect(Set(received) == [.hangUp, .terminate])
            #expect(signals.next() == nil)
        }
    }

    @Test
    func namesTheSignalsAsTheKernelDoes() {
        #expect(SignalDescriptor.Signal.hangUp.rawValue == SIGHUP)
        #expect(SignalDescriptor.Signal.interrupt.rawValue == SIGINT)
        #expect(SignalDescriptor.Signal.terminate.rawValue == SIGTERM)
    }
}
