import Core
import Foundation
import Wire

/// How a tunnel is, as the running client tells `sixxs-client status`: one JSON document.
struct ClientReport: Codable, Hashable, Sendable {
    /// Whether the PoP answers.
    enum State: String, Codable, Sendable {
        /// There was no answer yet, and not enough time for one.
        case starting
        case answering
        case silent
    }

    var version = Release.version
    var device: String
    /// As the command line names it: ayiya, heartbeat or 6in4.
    var type: String
    /// The user's end inside the tunnel.
    var identity: String
    /// As it was given: an address or a name.
    var pop: String
    /// Its outer address; nil before its name is known.
    var popAddress: String?
    /// The outer address of this host; nil while there is no way to the PoP.
    var localAddress: String?
    /// The PoP's UDP port; nil without UDP.
    var port: Int?
    /// In octets.
    var mtu: Int
    var defaultRoute: Bool
    /// Seconds since 1970.
    var startedAt: UInt64
    var runningSeconds: Int64
    var state: State
    /// Seconds since the PoP's last answer; nil before the first.
    var lastAnswerSeconds: Int64?
    /// Of that answer, in microseconds.
    var roundTripMicroseconds: Int64?
    /// Inner packets of the host.
    var sent: TunnelSession.Traffic
    /// Inner packets for the host.
    var received: TunnelSession.Traffic
    /// Packets that the kernel did not take.
    var notSent: UInt64
    /// Packets that went no further, by reason.
    var dropped: [String: UInt64]

    /// The document in one line.
    var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let octets = try? encoder.encode(self) else { return [] }
        return Array(octets) + [UInt8(ascii: "\n")]
    }
}

extension ClientLoop {
    /// How the tunnel is.
    func report(at now: ClientTime) -> ClientReport {
        let liveness = self.session.liveness
        let reasons = DiscardReason.allCases.filter { self.session.drops[$0] > 0 }
        return ClientReport(
            device: self.options.device,
            type: self.options.settings.encapsulation.name,
            identity: "\(self.options.settings.identity)",
            pop: "\(self.options.pop)",
            popAddress: self.popSocket.popAddress.map { "\($0)" },
            localAddress: self.popSocket.localAddress.map { "\($0)" },
            port: self.options.settings.encapsulation.port.map(Int.init),
            mtu: self.options.mtu,
            defaultRoute: self.options.hasDefaultRoute,
            startedAt: self.startedAt.epoch,
            runningSeconds: (now.monotonic - self.startedAt.monotonic).components.seconds,
            state: liveness.isAnswering ? .answering : liveness.isSilent ? .silent : .starting,
            lastAnswerSeconds: liveness.lastAnswer.map { (now.monotonic - $0.time).components.seconds },
            roundTripMicroseconds: liveness.lastAnswer.map { Int64($0.roundTrip / .microseconds(1)) },
            sent: self.session.sent,
            received: self.session.received,
            notSent: self.popSocket.lostCount,
            dropped: Dictionary(uniqueKeysWithValues: reasons.map { ($0.rawValue, self.session.drops[$0]) })
        )
    }
}

extension ClientReport {
    /// Lines of a name and a value, for people.
    var lines: [String] {
        let reasons = self.dropped.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let fields = [
            ("Tunnel", "\(self.type), \(self.identity) on device \(self.device)"),
            ("State", self.stateText),
            (
                "Since",
                "\(UTCText.format(secondsSince1970: self.startedAt)), \(Self.span(self.runningSeconds))"
            ),
            ("PoP", self.popAddress.map { $0 == self.pop ? $0 : "\(self.pop), \($0)" } ?? self.pop),
            ("Path", self.pathText),
            ("MTU", "\(self.mtu)"),
            ("Default route", self.defaultRoute ? "through the tunnel" : "left alone"),
            ("Sent", Self.text(self.sent)),
            ("Received", Self.text(self.received)),
            ("Not sent", self.notSent.counted("packet")),
            ("Dropped", reasons.isEmpty ? "none" : reasons.joined(separator: ", ")),
        ]
        let width = fields.map(\.0.count).max() ?? 0
        return fields.map { name, value in
            name + String(repeating: " ", count: width + 2 - name.count) + value
        }
    }

    private var stateText: String {
        let last = self.lastAnswerSeconds.map { seconds in
            let milliseconds = Double(self.roundTripMicroseconds ?? 0) / 1000
            let roundTrip = milliseconds.formatted(
                .number.precision(.fractionLength(1)).grouping(.never).locale(
                    Locale(identifier: "en_US_POSIX")
                )
            )
            return "last answer \(Self.span(seconds)) ago, round trip \(roundTrip) ms"
        }
        switch self.state {
        case .answering: return "answering; \(last ?? "")"
        case .starting: return "starting; no answer yet"
        case .silent: return "no answer; \(last ?? "never one since the start"): the client's log says why"
        }
    }

    private var pathText: String {
        guard let local = self.localAddress, let pop = self.popAddress else {
            return "none: the PoP can't be reached"
        }
        return "from \(local) to \(pop), "
            + (self.type == "ayiya" ? "UDP port \(self.port ?? 0)" : "protocol 41")
    }

    private static func text(_ traffic: TunnelSession.Traffic) -> String {
        "\(traffic.packets.counted("packet")), \(traffic.octets.counted("octet"))"
    }

    /// A time span such as `4 s`, `12 min 5 s`, `3 d 4 h`.
    private static func span(_ seconds: Int64) -> String {
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2)
        return shown.isEmpty ? "0 s" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
