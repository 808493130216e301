internal import Foundation

/// The agent that holds keys for this user, spoken to as draft-ietf-sshm-ssh-agent has it.
enum SSHAgent {
    /// What it is called where a key's path stands otherwise.
    static let name = "of the agent"

    private static let requestIdentities: UInt8 = 11
    private static let identities: UInt8 = 12

    /// A list that is longer is no list.
    private static let longestAnswer: UInt32 = 1 << 20

    private static var path: String? {
        ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether there may be one.
    static var isThere: Bool { Self.path != nil }

    /// Makes sure that it answers, and has a key: libssh would wait for it without an end, and says the same of all that is
    /// wrong.
    ///
    /// - Throws: ``ConnectionFailure/keyUnreadable(path:reason:)``, or what the clock throws.
    static func examine(_ clock: StepClock) throws(ConnectionFailure) {
        guard let path = Self.path else { return }
        // Not even connecting waits: an agent that takes nobody is told at once.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .system(call: "socket", reason: SystemMessage.current) }
        defer { close(descriptor) }
        try Self.connect(descriptor, to: path)
        let request: [UInt8] = [0, 0, 0, 1, Self.requestIdentities]
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw Self.failure(path, SystemMessage.current)
        }
        let head = try Self.read(9, from: descriptor, path, clock)
        let length = head[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard head[4] == Self.identities, (5...Self.longestAnswer).contains(length) else {
            throw Self.failure(path, "the program that listens there is not an SSH agent")
        }
        guard head[5...].contains(where: { $0 != 0 }) else {
            throw Self.failure(path, "it has no key: add one with ssh-add")
        }
    }

    private static func connect(_ descriptor: Int32, to path: String) throws(ConnectionFailure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8) + [0]
        guard octets.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw Self.failure(path, "the path is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let isConnected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected else { throw Self.failure(path, SystemMessage.current) }
    }

    private static func read(
        _ count: Int,
        from descriptor: Int32,
        _ path: String,
        _ clock: StepClock
    ) throws(ConnectionFailure) -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < count {
            do throws(ConnectionFailure) {
                try clock.wait(for: descriptor, events: Int32(POLLIN))
            } catch .timedOut(_, let limit) {
                throw Self.failure(path, "it did not answer within \(limit.inSeconds)")
            }
            var part = [UInt8](repeating: 0, count: count - octets.count)
            let length = recv(descriptor, &part, part.count, 0)
            guard length > 0 else {
                throw Self.failure(path, "the program that listens there is not an SSH agent")
            }
            octets += part[..<length]
        }
        return octets
    }

    private static func failure(_ path: String, _ reason: String) -> ConnectionFailure {
        .keyUnreadable(path: Self.name, reason: "SSH_AUTH_SOCK=\(path): \(reason)")
    }
}
