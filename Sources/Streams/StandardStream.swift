internal import Glibc
internal import SystemPackage

/// A stream that a program was started with; every octet is written, or it is said why not.
///
/// Nothing is kept back in a buffer, so that no failure shows after the last chance to tell it.
struct StandardStream: Sendable {
    let descriptor: FileDescriptor

    /// Writes all octets.
    ///
    /// - Throws: `Errno`, `EPIPE` when nobody reads any more. Some octets may have been written then.
    func write(_ octets: some Collection<UInt8>) throws(Errno) {
        let outcome =
            octets.withContiguousStorageIfAvailable { self.write(UnsafeRawBufferPointer($0)) }
            ?? Array(octets).withUnsafeBytes { self.write($0) }
        try outcome.get()
    }

    private func write(_ octets: UnsafeRawBufferPointer) -> Result<Void, Errno> {
        var rest = octets[...]
        while !rest.isEmpty {
            do {
                rest = rest.dropFirst(try self.descriptor.write(UnsafeRawBufferPointer(rebasing: rest)))
            } catch let error as Errno where error == .resourceTemporarilyUnavailable {
                // Whoever shares the stream has set it not to block.
                self.waitUntilWritable()
            } catch {
                return .failure(error as? Errno ?? .ioError)
            }
        }
        return .success(())
    }

    private func waitUntilWritable() {
        var request = pollfd(fd: self.descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
        _ = poll(&request, 1, -1)
    }

    /// Whether it is a terminal.
    var isTerminal: Bool { isatty(self.descriptor.rawValue) == 1 }
}

/// What a program is started with.
enum StandardStreams {
    /// Makes sure that nothing else can take the place of a stream that the program was started without, and that a reader
    /// who has gone, and a file that may not grow (`ulimit -f`), are errors and no signals.
    ///
    /// Otherwise the next file that is opened, a database perhaps, would be what is printed into.
    static func secure() {
        for (descriptor, wrongWay) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)] as [(CInt, CInt)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // Opened the wrong way round, so that using it is still an error.
            _ = open("/dev/null", wrongWay)
        }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }
}
