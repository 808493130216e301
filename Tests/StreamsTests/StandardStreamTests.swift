import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Streams

@Suite("Standard streams")
struct StandardStreamTests {
    init() { signal(SIGPIPE, SIG_IGN) }

    @Test func writesEveryOctetAlsoWhereOthersMadeItNotBlock() throws {
        let pipe = try FileDescriptor.pipe()
        _ = fcntl(pipe.writeEnd.rawValue, F_SETFL, O_NONBLOCK)
        // More than a pipe holds, so that the writer must wait for the reader.
        let octets = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        // A thread of its own: a task would wait for its turn among all tests, and keep this one from ending.
        Thread.detachNewThread {
            try? StandardStream(descriptor: pipe.writeEnd).write(octets)
            try? pipe.writeEnd.close()
        }

        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = try buffer.withUnsafeMutableBytes({ try pipe.readEnd.read(into: $0) }),
            count > 0
        {
            all += buffer.prefix(count)
        }

        #expect(all == octets)
        try pipe.readEnd.close()
    }

    @Test func saysThatNobodyReads() throws {
        let pipe = try FileDescriptor.pipe()
        try pipe.readEnd.close()

        #expect(throws: Errno.brokenPipe) { try StandardStream(descriptor: pipe.writeEnd).write([1]) }
        try pipe.writeEnd.close()
    }

    @Test func saysThatThereIsNoRoom() throws {
        let full = try FileDescriptor.open("/dev/full", .writeOnly)

        #expect(throws: Errno.noSpace) { try StandardStream(descriptor: full).write([1]) }
        try full.close()
    }

    @Test func saysThatItIsClosed() throws {
        #expect(throws: Errno.badFileDescriptor) {
            try StandardStream(descriptor: FileDescriptor(rawValue: -1)).write([1])
        }
    }
}
