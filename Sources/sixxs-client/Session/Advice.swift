import Core
import Wire

/// What the log says when the tunnel's state changes.
struct Advice: Sendable {
    /// What the tunnel is like.
    let settings: SessionSettings

    /// The PoP: its outer address, and its name if it has one.
    let pop: String

    /// What is known about the outer path to the PoP.
    enum Way: Hashable, Sendable {
        /// There is none at the moment.
        case none
        /// The PoP's host takes nothing of what is sent.
        case refused
        /// Packets leave from this address.
        case open(from: IPAddress)
    }

    /// What it means that the PoP's host answers with port or protocol unreachable.
    static func refusal(by pop: String, _ encapsulation: TunnelProtocol) -> String {
        let what =
            switch encapsulation {
            case .ayiya: "UDP \(OuterPayload.ayiya.localPort)"
            case .heartbeat: "UDP \(OuterPayload.heartbeat.localPort) or protocol 41"
            case .sixInFour: "protocol 41"
            }
        return "\(pop) refuses \(what): no tunnel daemon runs there"
    }

    /// What it means that an ICMP error says that packets don't arrive, or that they are wrong.
    static func hearsay(about pop: String, _ error: String) -> String {
        "an ICMP error says of packets to \(pop): \(error). Anybody can make up such a message: sending goes on, and nothing "
            + "more is said of others for an hour"
    }

    /// What it means that a lookup of the PoP's name brought no address to use; nil when it did.
    static func lookup(
        of book: PoPAddressBook,
        _ change: PoPAddressBook.Change,
        for encapsulation: TunnelProtocol,
        from local: IPAddress?
    ) -> String? {
        switch change {
        case .none, .moved: return nil
        case .failed(let reason):
            let rest =
                book.current.map { "sending goes on to \($0)" }
                ?? "trying again; is --pop right, and does this host's DNS work (getent hosts \(book.host))?"
            return "the name \(book.host) was not found: \(reason); \(rest)"
        case .unusable(let addresses):
            let found = addresses.map(\.description).joined(separator: ", ")
            let want =
                local.map { "--local \($0) needs one of the same kind" }
                ?? "\(encapsulation.name) tunnels need an IPv4 address; ayiya tunnels take either"
            return "\(book.host) has no address for this tunnel (found \(found)): \(want)"
        }
    }

    /// One line about a change.
    ///
    /// - Parameters:
    ///   - change: What changed.
    ///   - session: What is known about the cause.
    ///   - way: What is known about the outer path.
    ///   - now: The time.
    /// - Returns: The line.
    func line(
        about change: Liveness.Change,
        _ session: TunnelSession,
        _ way: Way,
        at now: ClientTime
    ) -> String {
        switch change {
        case .answering(let roundTrip, nil):
            "the tunnel works: \(self.settings.popIdentity) is answering, \(Self.milliseconds(roundTrip))"
        case .answering(let roundTrip, let silence?):
            "the tunnel works again: answering, \(Self.milliseconds(roundTrip)), after \(Self.seconds(silence)) of silence"
        case .silent(let duration):
            "no answer for \(Self.seconds(duration)): \(self.causes(session, way, now))"
        }
    }

    private func causes(_ session: TunnelSession, _ way: Way, _ now: ClientTime) -> String {
        let localAddress: IPAddress
        switch way {
        case .none: return "this host cannot reach \(self.pop)"
        case .refused: return Self.refusal(by: self.pop, self.settings.encapsulation)
        case .open(let address): localAddress = address
        }
        if session.recentWrongSignatures > 0 {
            return
                "\(session.recentWrongSignatures) datagrams from the PoP are signed with another password: "
                + "the password here is not the one at the PoP"
        }
        if let difference = session.clockDifference, abs(difference) > ClockSkew.allowed {
            return
                "the PoP's clock is \(abs(difference)) s \(difference > 0 ? "ahead of" : "behind") this host's, "
                + "\(ClockSkew.allowed) s are allowed; this host says \(Self.date(now))"
        }
        return self.guesses(localAddress, now)
    }

    /// What it may be when the PoP says nothing; it refuses in silence.
    private func guesses(_ localAddress: IPAddress, _ now: ClientTime) -> String {
        let clock =
            "clock (this host says \(Self.date(now)); one that is wrong by over 120 s is refused silently)"
        return switch self.settings.encapsulation {
        case .ayiya:
            "password, \(clock), a NAT or firewall that drops UDP \(OuterPayload.ayiya.localPort), or the tunnel is disabled; "
                + "`tunnel show` at the PoP counts 'AYIYA Hash Fail' and 'Clock Off'"
        case .heartbeat:
            "password, \(clock), a firewall that drops UDP \(OuterPayload.heartbeat.localPort) or protocol 41, "
                + "a NAT, which few let protocol 41 through, or the tunnel is disabled; "
                + "`tunnel show` at the PoP counts 'Heartbeat Hash Fail' and 'Clock Off'"
        case .sixInFour:
            "the tunnel's endpoint at the PoP is not the address that this host sends from (\(localAddress), "
                + "or that of its NAT), a NAT or firewall drops protocol 41, or the tunnel is disabled; "
                + "`tunnel show` at the PoP says which endpoint it has and counts 'Wrong Source IPv4'"
        }
    }

    private static func date(_ now: ClientTime) -> String { UTCText.format(secondsSince1970: now.epoch) }

    private static func seconds(_ duration: Duration) -> String { "\(duration.components.seconds) s" }

    /// Milliseconds with one decimal.
    private static func milliseconds(_ duration: Duration) -> String {
        let tenths = (duration / .microseconds(100)).rounded()
        return "\(Int(tenths) / 10).\(Int(tenths) % 10) ms"
    }
}
