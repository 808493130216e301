internal import Foundation
internal import Wire

/// What one PoP may run: its generation, and what was made of that since by changed endpoints.
struct EndpointStates: Sendable {
    private let generation: Generation
    private let base: Configuration

    /// All of them by digest.
    private let states: [String: Configuration]

    /// Whether it may run nothing but its generation.
    let isUnpatched: Bool

    /// - Parameters:
    ///   - generation: What the PoP confirmed last.
    ///   - known: What it may run besides.
    /// - Throws: What is wrong in a text that is stored.
    init(_ generation: Generation, _ known: [PatchedState]) throws {
        let base = try Configuration(parsing: generation.text, file: "generation \(generation.number)")
        var states = [generation.digest: base]
        for state in known { states[state.digest] = try Self.configuration(of: state, on: base) }
        self.generation = generation
        self.base = base
        self.states = states
        self.isUnpatched = known.isEmpty
    }

    /// What is stored says all that differs from the generation, so that it may be more than one patch has room for.
    private static func configuration(
        of state: PatchedState,
        on base: Configuration
    ) throws -> Configuration {
        let lines = state.patch.split(separator: "\n")
        var configuration = base
        for start in stride(from: 0, to: lines.count, by: ConfigurationPatch.maximumLineCount) {
            let part = lines[start...].prefix(ConfigurationPatch.maximumLineCount).joined(separator: "\n")
            configuration = try ConfigurationPatch(parsing: Array(part.utf8)).applied(to: configuration)
        }
        return configuration
    }

    /// Whether the generation has all endpoints of tunnels already.
    func generationHas(_ tunnels: [Tunnel]) -> Bool { Self.changes(tunnels, in: self.base).isEmpty }

    /// Whether something is known here.
    func contains(_ digest: String) -> Bool { self.states[digest] != nil }

    /// Works out what is to be sent to a PoP; nil when it has all endpoints, or can have none of those it lacks.
    ///
    /// Only tunnels that are named change: another's endpoint, which is not in the generation either, stays.
    ///
    /// - Parameters:
    ///   - digest: What it runs.
    ///   - tunnels: The PoP's tunnels as the registry has them, those whose endpoint changed.
    /// - Returns: The patch, or nil.
    /// - Throws: What is wrong with the endpoints.
    func patch(from digest: String, _ tunnels: [Tunnel]) throws -> EndpointPatch? {
        guard let present = self.states[digest] else { return nil }
        let all = Self.possible(Self.changes(tunnels, in: present), in: present)
        let first = all.sorted { $0.key < $1.key }.prefix(ConfigurationPatch.maximumLineCount)
        let some =
            first.count == all.count
            ? all
            : Self.possible(Dictionary(first.map { ($0.key, $0.value) }) { first, _ in first }, in: present)
        var wanted = present
        for (index, end) in some { wanted.tunnels[index].remote = .fixed(end) }
        guard let patch = ConfigurationPatch(from: present, to: wanted), !patch.isEmpty,
            let stored = ConfigurationPatch(from: self.base, to: wanted)
        else { return nil }
        try wanted.check()
        let state = PatchedState(
            popID: self.generation.popID,
            generation: self.generation.number,
            digest: wanted.digest,
            patch: stored.text
        )
        return EndpointPatch(patch, from: digest, to: state, isWhole: some.count == all.count)
    }

    /// Where tunnels of a configuration, by their place in it, are to end and do not.
    private static func changes(_ tunnels: [Tunnel], in configuration: Configuration) -> [Int: IPAddress] {
        let wishes = Dictionary(tunnels.map { ($0.number, $0) }) { first, _ in first }
        var changes: [Int: IPAddress] = [:]
        for (index, settings) in configuration.tunnels.enumerated() {
            guard case .fixed(let present) = settings.remote, let tunnel = wishes[settings.number],
                tunnel.tid == settings.tid, let end = tunnel.end.endpoint, end != present
            else { continue }
            changes[index] = end
        }
        return changes
    }

    /// The changes after which no tunnel ends where another does: one that the registry moved away or removed keeps its
    /// endpoint at the PoP until a round comes.
    private static func possible(
        _ changes: [Int: IPAddress],
        in configuration: Configuration
    ) -> [Int: IPAddress] {
        var changes = changes
        while !changes.isEmpty {
            var holders: [IPAddress: [Int]] = [:]
            for (index, settings) in configuration.tunnels.enumerated() {
                guard case .fixed(let present) = settings.remote else { continue }
                holders[changes[index] ?? present, default: []].append(index)
            }
            let clashing = holders.values.filter { $0.count > 1 }.joined().filter { changes[$0] != nil }
            guard !clashing.isEmpty else { break }
            for index in clashing { changes[index] = nil }
        }
        return changes
    }
}

/// What brings changed endpoints to one PoP.
///
/// Nothing else of the registry's changes is part of it: those go out in rounds, wave after wave.
struct EndpointPatch: Sendable {
    private let request: [UInt8]

    /// Of what it is made for.
    let running: String

    /// What is remembered of it before it is sent.
    let state: PatchedState

    /// Whether it has all changes that can be made; those for which it has no room come behind it.
    let isWhole: Bool

    fileprivate init(
        _ patch: ConfigurationPatch,
        from running: String,
        to state: PatchedState,
        isWhole: Bool
    ) {
        self.request = ControlRequest.patch(patch, from: running, to: state.digest)
        self.running = running
        self.state = state
        self.isWhole = isWhole
    }

    /// Whether a daemon takes as much.
    var fits: Bool { self.request.count <= ConfigurationPatch.maximumLength }

    /// How the exchange with a daemon ended.
    enum Result: Hashable, Sendable {
        /// It has the endpoints now; its words.
        case applied(String)
        /// It runs something else than what the patch was made for.
        case otherConfiguration
    }

    /// - Throws: ``ConnectionFailure``.
    func send(_ session: any DaemonSession) throws(ConnectionFailure) -> Result {
        guard try RunningConfiguration(asking: session).digest == self.running else {
            return .otherConfiguration
        }
        let name = "config patch"
        let reply = try session.request(self.request, named: name, upTo: .short)
        guard reply.isSuccess else { throw .refused(.request(name), reply: "\(reply.code) \(reply.text)") }
        return .applied(reply.text)
    }
}
