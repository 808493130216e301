internal import CLinux
internal import Glibc
internal import SystemPackage

/// A socket that is shown bare packets (6in4, GRE) as links hand them on, before the IP stack: those that may stand for several, and
/// those whose checksum may not be complete; ``TapReader`` reads it.
///
/// What the kernel knows of such a packet, no raw socket tells. Nothing is taken from the IP stack, its filters and the raw sockets.
public final class LinkTap: Sendable {
    private static let subject = "packet socket that sees what links merge"

    private let descriptor: OwnedDescriptor

    var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Opens a tap for all that arrives, whatever the link.
    ///
    /// - Throws: ``SystemCallError``, for instance when the process may not, or before Linux 4.20.
    public convenience init() throws(SystemCallError) {
        var group = CInt(-1)
        try self.init(share: .all, &group)
    }

    /// Opens taps that share what arrives as raw sockets do (``TrafficShare``).
    ///
    /// - Parameter count: How many; 1 or more.
    /// - Returns: The taps, in the order of their shares.
    /// - Throws: ``SystemCallError`` as ``init()`` does.
    public static func open(shares count: Int) throws(SystemCallError) -> [LinkTap] {
        var group = CInt(-1)
        var taps: [LinkTap] = []
        for index in 0..<count {
            taps.append(try LinkTap(share: TrafficShare(index: index, of: count), &group))
        }
        return taps
    }

    private init(share: TrafficShare, _ group: inout CInt) throws(SystemCallError) {
        do throws(SystemCallError) {
            let type = CInt(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            // Of protocol 0 until it is ready: it is shown nothing.
            let descriptor = try OwnedDescriptor("socket(AF_PACKET)", about: Self.subject) {
                socket(AF_PACKET, type, 0)
            }
            try systemCall("setsockopt(PACKET_RX_RING)", about: Self.subject) {
                clinux_tap_open(descriptor.rawValue)
            }
            if share.count > 1 { try Self.join(descriptor.rawValue, share, &group) }
            self.descriptor = descriptor
        } catch {
            guard error.errno == .notPermitted else { throw error }
            throw error.explained("packet sockets need root or CAP_NET_RAW")
        }
    }

    private static func join(
        _ fileDescriptor: CInt,
        _ share: TrafficShare,
        _ group: inout CInt
    ) throws(SystemCallError) {
        try systemCall("setsockopt(PACKET_FANOUT)", about: Self.subject) {
            clinux_tap_join(fileDescriptor, &group)
        }
        guard share.index == 0 else { return }
        try systemCall("setsockopt(PACKET_FANOUT_DATA)", about: Self.subject) {
            clinux_tap_divide(fileDescriptor, UInt32(truncatingIfNeeded: share.count))
        }
    }
}
