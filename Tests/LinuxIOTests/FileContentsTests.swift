import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite("FileContents")
struct FileContentsTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 200_000])
    func readsTheWholeFile(length: Int) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        let octets = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        try AtomicFile.write(octets, to: path)

        #expect(try FileContents(of: path).octets == octets)
    }

    @Test(arguments: [(0o600, false), (0o640, true), (0o604, true), (0o620, false)] as [(UInt32, Bool)])
    func knowsWhoMayReadIt(mode: UInt32, isReadableByOthers: Bool) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/password"
        try AtomicFile.write([], to: path, mode: mode)

        let contents = try FileContents(of: path)

        #expect(contents.permissions == mode)
        #expect(contents.isReadableByOthers == isReadableByOthers)
    }

    @Test
    func refusesAFileBeyondTheLimit() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        try AtomicFile.write([1, 2, 3], to: path)

        #expect(try FileContents(of: path, limit: 3).octets.count == 3)
        let error = #expect(throws: SystemCallError.self) { _ = try FileContents(of: path, limit: 2) }

        #expect(error?.errno == .fileTooLarge)
    }

    @Test
    func namesAFolder() {
        let error = #expect(throws: SystemCallError.self) { _ = try FileContents(of: "/tmp") }

        #expect(error?.description == "/tmp: Is a directory (read)")
    }

    /// Nobody writes there, and whoever opens it must not wait for ever.
    @Test
    func refusesAFIFO() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fifo"
        try #require(mkfifo(path, 0o600) == 0)

        let error = #expect(throws: SystemCallError.self) { _ = try FileContents(of: path) }

        #expect(error?.description == "\(path): it is not a regular file (open: Invalid argument)")
        #expect(try FileContents(of: path, kind: .any).octets.isEmpty)
    }

    @Test
    func readsAPipeWhereOneMayBe() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let written = [UInt8](repeating: 0x61, count: 10_000)
        try #require(write(ends[1], written, written.count) == written.count)
        close(ends[1])

        #expect(try FileContents(of: "/dev/fd/\(ends[0])", kind: .any).octets == written)
    }
}
