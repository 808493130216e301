internal import CLinux
internal import Glibc
internal import SystemPackage

/// Who is at the other end of a UNIX stream socket, as the kernel noted when it was connected (unix(7)).
public struct PeerCredentials: Hashable, Sendable {
    /// The most supplementary groups that Linux gives a process (`NGROUPS_MAX`).
    private static let mostGroups: UInt32 = 65_536

    /// Number of the process.
    public let process: UInt32

    /// The user it acted for.
    public let user: UInt32

    /// All groups it was in.
    public let groups: Set<UInt32>

    /// Asks the kernel about a connected socket.
    ///
    /// - Throws: ``SystemCallError``, for instance when it is no UNIX socket.
    public init(of socket: CInt) throws(SystemCallError) {
        var (process, user, group): (UInt32, UInt32, UInt32) = (0, 0, 0)
        try systemCall("getsockopt(SO_PEERCRED)") {
            clinux_peer_credentials(socket, &process, &user, &group)
        }
        self.process = process
        self.user = user
        self.groups = Set(try Self.supplementaryGroups(of: socket)).union([group])
    }

    private static func supplementaryGroups(of socket: CInt) throws(SystemCallError) -> [UInt32] {
        var groups = [UInt32](repeating: 0, count: 32)
        while true {
            var count = UInt32(groups.count)
            let answer = attempt { clinux_peer_groups(socket, &groups, &count) }
            switch answer {
            case .success: return Array(groups.prefix(Int(count)))
            // Older kernels don't say.
            case .failure(.protocolNotAvailable): return []
            case .failure(.outOfRange) where count > groups.count && count <= Self.mostGroups:
                groups = [UInt32](repeating: 0, count: Int(count))
            case .failure(let error):
                throw SystemCallError(call: "getsockopt(SO_PEERGROUPS)", errno: error)
            }
        }
    }
}
