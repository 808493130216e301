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
}
