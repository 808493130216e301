internal import Foundation
internal import Wire

/// What brings changed endpoints to one PoP: what it may run, and what it is to run.
///
/// Nothing else of the registry's changes is part of it: those go out in rounds, wave after wave.
struct EndpointPatch: Sendable {
    /// What the PoP may run, by digest.
    private let states: [String: Configuration]

    /// The PoP's generation with the endpoints that the registry has now.
    let wanted: Configuration

    /// What is remembered of it before it is sent.
    let state: PatchedState

    /// How many tunnels end elsewhere than in the generation.
    let count: Int

    /// Works out the patch; nil when the PoP's generation has all endpoints, and it never was patched.
    ///
    /// - Parameters:
    ///   - generation: What the PoP confirmed last.
    ///   - known: What it may run besides.
    ///   - tunnels: The PoP's tunnels as the registry has them, those whose endpoint changed.
    /// - Throws: What is wrong in a text that is stored, or with the endpoints.
    init?(_ generation: Generation, _ known: [PatchedState], _ tunnels: [Tunnel]) throws {
        let base = try Configuration(parsing: generation.text, file: "generation \(generation.number)")
        let ends = Dictionary(tunnels.map { ($0.number, $0) }) { first, _ in first }
        var wanted = base
        for index in wanted.tunnels.indices {
            let settings = wanted.tunnels[index]
            guard case .fixed = settings.remote, let tunnel = ends[settings.number],
                tunnel.tid == settings.tid, let end = tunnel.end.endpoint
            else { continue }
            wanted.tunnels[index].remote = .fixed(end)
        }
        guard let patch = ConfigurationPatch(from: base, to: wanted), !patch.isEmpty || !known.isEmpty else {
            return nil
        }
        try wanted.check()
        var states = [generation.digest: base]
        for state in known {
            let patch = try ConfigurationPatch(parsing: Array(state.patch.utf8))
            states[state.digest] = patch.applied(to: base)
        }
        self.states = states
        self.wanted = wanted
        self.count = patch.lineCount
        self.state = PatchedState(
            popID: generation.popID,
            generation: generation.number,
            digest: wanted.digest,
            patch: patch.text
        )
    }

    /// How the exchange with a daemon ended.
    enum Result: Hashable, Sendable {
        /// It has the endpoints now; its words.
        case applied(String)
        /// It had them already.
        case unchanged
        /// It runs something that is not known here: only a round can make that right.
        case otherConfiguration
        /// More changes than a patch may have: a round brings them.
        case tooLarge
    }

    /// - Throws: ``ConnectionFailure``.
    func send(_ session: any DaemonSession) throws(ConnectionFailure) -> Result {
        let running = try RunningConfiguration(asking: session)
        guard running.digest != self.state.digest else { return .unchanged }
        guard let present = self.states[running.digest],
            let patch = ConfigurationPatch(from: present, to: self.wanted)
        else { return .otherConfiguration }
        let request = ControlRequest.patch(patch, from: running.digest, to: self.state.digest)
        guard patch.lineCount <= ConfigurationPatch.maximumLineCount,
            request.count <= ConfigurationPatch.maximumLength
        else { return .tooLarge }
        let name = "config patch"
        let reply = try session.request(request, named: name, upTo: .short)
        guard reply.isSuccess else { throw .refused(.request(name), reply: "\(reply.code) \(reply.text)") }
        return .applied(reply.text)
    }
}
