/// What a daemon writes down of its tunnels' sessions, so that the one after it goes on with them.
///
/// It brings no secret: passwords are there only as seals (``seal(of:)``), by which a changed one is noticed.
public struct SavedState: Hashable, Sendable {
    /// The form that is written, and the only one that is read.
    static let version = 1

    /// The longest text that is worth reading, in octets: a line for each tunnel that there can be, and the head.
    public static let maximumLength = 4 << 20

    /// The length of a salt, in octets.
    public static let saltLength = 16

    /// The PoP whose tunnels they are.
    public var pop: PoPDetails

    /// When it was written, in seconds since 1970.
    public var writtenAt: Int64

    /// Whether the daemon had stopped, so that nothing can have happened since.
    public var isFinal: Bool

    /// Drawn anew for each text, so that equal passwords don't give equal seals.
    public var salt: [UInt8]

    /// The sessions, by tid.
    public var sessions: [SavedSession]

    /// Creates a state.
    public init(
        pop: PoPDetails,
        writtenAt: Int64,
        isFinal: Bool,
        salt: [UInt8],
        sessions: [SavedSession] = []
    ) {
        self.pop = pop
        self.writtenAt = writtenAt
        self.isFinal = isFinal
        self.salt = salt
        self.sessions = sessions
    }

    /// What stands for a password: HMAC-SHA-256 (RFC 2104), with the salt as its key; empty when there is no SHA-256.
    public func seal(of password: TunnelPassword) -> [UInt8] {
        MessageDigest.sha256.authenticationCode(of: password.octets, key: self.salt)
    }
}

/// What is written down of one tunnel's session.
public struct SavedSession: Hashable, Sendable {
    /// What was known of a dynamic tunnel's beats; times are seconds since 1970.
    public struct Beats: Hashable, Sendable {
        /// When the last one came, by the daemon's clock.
        public var seenAt: Int64

        /// The latest time that one carried, by the user's clock.
        public var newest: Int64

        /// When that one was accepted, by the daemon's clock.
        public var newestSeenAt: Int64

        /// What stands for the password that the user's end signed with.
        public var seal: [UInt8]

        /// Creates what is known of beats.
        public init(seenAt: Int64, newest: Int64, newestSeenAt: Int64, seal: [UInt8]) {
            self.seenAt = seenAt
            self.newest = newest
            self.newestSeenAt = newestSeenAt
            self.seal = seal
        }
    }

    /// The tunnel's number at the PoP.
    public var tid: TID

    /// The tunnel's number in the fleet.
    public var number: TunnelNumber

    /// Where the configuration said that the user's end is.
    public var remoteEnd: RemoteEnd

    /// Whether the tunnel was up.
    public var isUp: Bool

    /// How packets travelled.
    public var encapsulation: Encapsulation

    /// Our end; the port is 0 without UDP.
    public var local: Endpoint

    /// The user's end; the port is 0 without UDP.
    public var remote: Endpoint

    /// What was known of a dynamic tunnel's beats; nil for one whose end is configured.
    public var beats: Beats?

    /// Creates a session.
    public init(
        tid: TID,
        number: TunnelNumber,
        remoteEnd: RemoteEnd,
        isUp: Bool,
        encapsulation: Encapsulation,
        local: Endpoint,
        remote: Endpoint,
        beats: Beats? = nil
    ) {
        self.tid = tid
        self.number = number
        self.remoteEnd = remoteEnd
        self.isUp = isUp
        self.encapsulation = encapsulation
        self.local = local
        self.remote = remote
        self.beats = beats
    }
}
