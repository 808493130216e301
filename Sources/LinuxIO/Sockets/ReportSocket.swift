internal import CLinux
internal import Glibc

/// A UNIX socket that tells a text to whoever connects, and hears nothing: nobody can hold it up.
///
/// Its file's mode says who may connect.
public struct ReportSocket: ~Copyable, Sendable {
    private let file: SocketFile
    private let listener: OwnedDescriptor

    /// For pollers: readable when somebody has connected.
    public var fileDescriptor: CInt { self.listener.rawValue }

    /// Listens at a path; its folder is made, for the process's user alone to write, if only that is missing.
    ///
    /// - Parameters:
    ///   - path: Where; what a process left there that is gone is removed.
    ///   - mode: Who may connect, as chmod(2) has it.
    /// - Throws: ``SystemCallError``, for instance when a process lives behind the path.
    public init(at path: String, mode: UInt32 = 0o600) throws(SystemCallError) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            _ = mkdir(String(path[..<slash]), 0o755)
        }
        let (file, socket) = try SocketFile.listen(at: path, mode: mode, group: nil)
        self.listener = OwnedDescriptor(socket)
        self.file = file
    }

    deinit { self.file.remove() }

    /// Gives a text to one who has connected; what does not fit into the socket at once is lost.
    ///
    /// - Parameter text: Makes it.
    public func answer(with text: () -> [UInt8]) {
        guard case .success(let accepted) = attempt({ accept(self.listener.rawValue, nil, nil) }) else {
            return
        }
        let socket = OwnedDescriptor(accepted)
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        _ = text().withUnsafeBytes { send(socket.rawValue, $0.baseAddress, $0.count, flags) }
    }
}
