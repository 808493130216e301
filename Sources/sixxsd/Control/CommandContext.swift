import Logging
import Wire

/// What commands look at and change: the daemon as the control port sees it.
struct CommandContext: Sendable {
    let controller: ConfigurationController
    let mailboxes: EngineMailboxes
    let traces: TraceHub
    let ledger: KernelLedger
    let clock: DaemonClock
    /// What goes on at the control port.
    let figures = ControlFigures()
    let control: [String]
    let tunName: String
    /// What the kernel forwards by itself.
    var fastPath = FastPathOpening.off
    /// By which address the host itself comes in over TCP; nil where it doesn't.
    var loopback: IPAddress? = .ipv4(IPv4Address(127, 0, 0, 1))
    let logger: Logger
    /// Ends the daemon as SIGTERM does.
    let shutDown: @Sendable () -> Void
}
