internal import CLinux
internal import Glibc
internal import SystemPackage

/// A netlink socket on which questions are asked one after the other.
///
/// Acts in the network namespace of the thread that created it. Every question waits for the kernel's answer, five
/// seconds at most.
struct NetlinkSocket: ~Copyable, Sendable {
    private static let answerTimeoutInSeconds = 5
    private static let bufferSize = 64 << 10

    private let descriptor: OwnedDescriptor
    private var sequence: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: Self.bufferSize)

    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - family: Which part of the kernel is asked, such as `NETLINK_ROUTE`.
    ///   - name: What error messages call that.
    /// - Throws: ``SystemCallError`` when the process has no descriptor left, or may not have such a socket.
    init(_ family: CInt, named name: String) throws(SystemCallError) {
        let type = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket(\(name))") { socket(AF_NETLINK, type, family) }
        var timeout = timeval(tv_sec: Self.answerTimeoutInSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        try systemCall("setsockopt(SO_RCVTIMEO)") {
            setsockopt(descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        }
        // Kernels without extended acknowledgements refuse this, and lose us nothing but an explanation.
        var isOn: CInt = 1
        _ = setsockopt(
            descriptor.rawValue,
            SOL_NETLINK,
            NETLINK_EXT_ACK,
            &isOn,
            socklen_t(MemoryLayout<CInt>.size)
        )
        self.descriptor = descriptor
    }

    /// Sends a request, and collects what the kernel says until it acknowledges it or ends a dump.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused.
    mutating func exchange(_ request: NetlinkRequest) throws(SystemCallError) -> [NetlinkReply] {
        self.sequence &+= 1
        let octets = request.encoded(sequence: self.sequence)
        try systemCall("send(\(request.call))", about: request.subject) {
            send(self.descriptor.rawValue, octets, octets.count, 0)
        }
        var answers: [NetlinkReply] = []
        while true {
            for message in try self.receive(request) where message.sequence == self.sequence {
                if let errno = message.errno {
                    guard errno.rawValue != 0 else { return answers }
                    throw Self.error(errno, message, request)
                }
                if message.isDone { return answers }
                answers.append(message)
            }
        }
    }

    private mutating func receive(_ request: NetlinkRequest) throws(SystemCallError) -> [NetlinkReply] {
        let socket = self.descriptor.rawValue
        let count = try systemCall("recv(\(request.call))", about: request.subject) {
            self.buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
        }
        return NetlinkReply.messages(in: Array(self.buffer.prefix(count)))
    }

    private static func error(
        _ errno: Errno,
        _ message: NetlinkReply,
        _ request: NetlinkRequest
    ) -> SystemCallError {
        SystemCallError(
            call: request.call,
            errno: errno,
            subject: request.subject,
            explanation: errno == .notPermitted ? "needs root or CAP_NET_ADMIN" : message.explanation
        )
    }
}
