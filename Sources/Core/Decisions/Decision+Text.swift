internal import Wire

extension Decision {
    /// The kind of step, one word, for programs.
    public var step: String {
        switch self {
        case .enteredFromUplink, .enteredFromUnderlay: "entered"
        case .claimed: "claimed"
        case .signed: "signed"
        case .beaten: "beat"
        case .followed: "followed"
        case .inner: "packet"
        case .source: "source"
        case .destination: "destination"
        case .measured: "measured"
        case .verdict: "verdict"
        case .withheld: "withheld"
        case .refused: "refused"
        case .answered: "answered"
        case .consumed: "consumed"
        case .encapsulated: "encapsulated"
        case .fragmented: "fragmented"
        case .sentToUplink: "sent"
        case .dropped: "dropped"
        }
    }
}

extension Decision: CustomStringConvertible {
    /// One phrase for people.
    public var description: String {
        switch self {
        case .enteredFromUplink(let octets): "came from the uplink, \(octets) octets"
        case .enteredFromUnderlay(let payload, let path, let octets):
            "came as \(payload) from \(path.remoteText) to \(path.localText), \(octets) octets"
        case .claimed(let tid):
            tid.map { "the inner source says tid \($0)" } ?? "the inner source belongs to no tunnel"
        case .signed(let isByRetired):
            "the signature is right, of the \(isByRetired ? "old" : "present") password"
        case .beaten(let path): "the beat counts: the tunnel's end is at \(path.remoteText)"
        case .followed(let encapsulation, let path):
            "the tunnel's packets leave as \(encapsulation) from \(path.localText) from now on"
        case .inner(let source, let destination, let nextHeader, let hopLimit, let octets):
            "\(source) > \(destination), next header \(nextHeader), hop limit \(hopLimit), \(octets) octets"
        case .source(let owner): "the source belongs to \(owner.text)"
        case .destination(let owner): "the destination belongs to \(owner.text)"
        case .measured(let octets, let mtu):
            octets > mtu ? "\(octets) octets don't fit the MTU \(mtu)" : "\(octets) octets fit the MTU \(mtu)"
        case .verdict(let verdict): "verdict: \(verdict.text)"
        default: self.outcome
        }
    }

    private var outcome: String {
        switch self {
        case .withheld(let obstacle): "no error may be sent: \(obstacle.text)"
        case .refused(let error, let source):
            "ICMPv6 error \(error.type)/\(error.code) (\(error)) from \(source)"
        case .encapsulated(let encapsulation, let path, let octets):
            "sent as \(encapsulation) from \(path.localText) to \(path.remoteText), \(octets) octets"
        case .fragmented(let limit): "cut in two for a path of \(limit) octets"
        case .sentToUplink(let octets): "sent to the uplink, \(octets) octets"
        case .dropped(let reason): "dropped: \(reason)"
        case .answered: "answered"
        default: "taken, no answer"
        }
    }
}

extension OuterPath {
    fileprivate var localText: String { Self.text(self.local, self.localPort) }

    fileprivate var remoteText: String { Self.text(self.remote, self.remotePort) }

    private static func text(_ address: IPAddress, _ port: UInt16) -> String {
        port == 0 ? "\(address)" : "\(Endpoint(address, port: port))"
    }
}

extension AddressOwner {
    fileprivate var text: String {
        switch self {
        case .local(let tid): "us on tid \(tid)"
        case .remote(let tid): "the user's end of tid \(tid)"
        case .unassigned(let tid): "an unused address in the /64 of tid \(tid)"
        case .routed(let tid): "a prefix routed to tid \(tid)"
        case .daemon: "the daemon"
        case .nobody: "no tunnel of ours"
        case .external: "the internet"
        }
    }
}

extension Verdict {
    fileprivate var text: String {
        switch self {
        case .encapsulate(let tid): "into tid \(tid)"
        case .transmitToUplink: "to the uplink"
        case .deliver(let tid): tid.map { "for us on tid \($0)" } ?? "for the daemon"
        case .reply(let error, let tid):
            "refuse with ICMPv6 \(error.type)/\(error.code) (\(error))\(tid.map { ", about tid \($0)" } ?? "")"
        case .drop(let reason): "drop (\(reason))"
        }
    }
}

extension ErrorObstacle {
    fileprivate var text: String {
        switch self {
        case .source: "the source is not the address of a single node"
        case .packet: "the packet is an error itself or went to a group"
        case .rate: "the rate limit is reached"
        }
    }
}
