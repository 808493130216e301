import ArgumentParser
import Core
import LinuxIO
import Streams
import Wire

/// `sixxsd explain CAPTURE --config FILE`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show what the daemon would decide about the packets of a capture.",
        discussion: """
            Runs the forwarding code itself on each packet, with the time of its capture, and prints a line for each
            decision. Outer packets and packets from the uplink may be mixed; beats bring tunnels up on the way.
            Captures are pcap (tcpdump) or pcapng (dumpcap, Wireshark) of Ethernet, raw IP or Linux cooked interfaces.

              tcpdump -w pop.pcap proto 41 or udp port 5072
              sixxsd explain pop.pcap --config /var/lib/sixxsd/sixxsd.conf

            With --fast-path auto a last line for each packet says which way it would take on a daemon with that
            option: the kernel alone, or the daemon, and why.

            Exit status: 0 all packets were shown, 1 a file can't be read or is wrong, 2 wrong arguments.
            """
    )

    @Argument(help: "The capture, in pcap or pcapng format.", completion: .file())
    var file: String

    @Option(help: "The daemon's configuration file.", completion: .file())
    var config: String

    @Option(help: "Whether to say which way packets would take if the daemon had this option: off, or auto.")
    var fastPath = FastPathMode.off

    @Flag(help: "Print a JSON object per line.")
    var json = false

    func run() throws {
        let stored = try ConfigurationFile(path: self.config).loadOrExplain()
        let capture = try self.capture()
        let start = Self.moment(capture.packets.first?.time ?? 0)
        var explainer = Explainer(EngineConfiguration(stored.configuration), state: nil, at: start)
        for (index, packet) in capture.packets.enumerated() {
            let entries = explainer.explain(packet.octets, from: .wire, at: Self.moment(packet.time))
            self.show(entries, of: packet, number: index + 1)
            self.showWay(entries, of: packet, number: index + 1, &explainer)
        }
    }

    /// Prints which way a packet would take, where that is asked for and the daemon sees it at all.
    private func showWay(
        _ entries: [DecisionLogEntry],
        of packet: Capture.Packet,
        number: Int,
        _ explainer: inout Explainer
    ) {
        guard self.fastPath == .auto, !entries.isEmpty else { return }
        let way = ExplainedWay(entries, outer: packet.octets)
        let obstacle = way.tid.flatMap { explainer.obstacle(of: $0, at: Self.moment(packet.time)) }
        let format: DecisionFormat = self.json ? .json : .text
        let line = format.line(way, obstacle, packet: number, at: packet.time)
        StandardOutput.print(self.json ? PrintedText(json: line) : "\(line)")
    }

    private func capture() throws -> Capture {
        do {
            return try Capture(FileContents(of: self.file, kind: .any, limit: 1 << 30).octets)
        } catch let error as SystemCallError {
            StandardError.print("sixxsd explain: cannot read the capture: \(error)")
            throw ExitCode.failure
        } catch {
            StandardError.print("\(self.file): \(error)")
            throw ExitCode.failure
        }
    }

    private static func moment(_ time: Int64) -> Timestamp {
        Timestamp(monotonic: UInt64(clamping: time) &* 1_000_000_000, unixTime: time)
    }

    private func show(_ entries: [DecisionLogEntry], of packet: Capture.Packet, number: Int) {
        let format: DecisionFormat = self.json ? .json : .text
        if !packet.isWhole {
            StandardError.print("\(self.file): packet \(number) was cut short by the capture")
        }
        if entries.isEmpty, !self.json { StandardOutput.print("\(number) never seen by the daemon") }
        for entry in entries {
            let line = format.line(entry, packet: number)
            StandardOutput.print(self.json ? PrintedText(json: line) : "\(line)")
        }
    }
}
