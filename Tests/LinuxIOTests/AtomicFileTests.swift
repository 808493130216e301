import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite("AtomicFile")
struct AtomicFileTests {
    @Test
    func createsTheFileWithItsMode() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/sixxsd.conf"

        try AtomicFile.write(Array("pop\nend\n".utf8), to: path)
        try AtomicFile.write([], to: "\(folder.path)/open", mode: 0o666)

        #expect(octets(of: path) == Array("pop\nend\n".utf8))
        #expect(mode(of: path) == 0o600)
        #expect(mode(of: "\(folder.path)/open") == 0o666, "whatever the mask")
        #expect(folder.names == ["open", "sixxsd.conf"], "no temporary file stays")
    }

    @Test
    func replacesTheWholeFile() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        try AtomicFile.write([UInt8](repeating: 1, count: 300_000), to: path, mode: 0o644)

        try AtomicFile.write([2, 3], to: path)

        #expect(octets(of: path) == [2, 3])
        #expect(mode(of: path) == 0o600)
    }

    @Test
    func namesTheFolderThatIsMissing() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/missing/file"

        let error = #expect(throws: SystemCallError.self) { try AtomicFile.write([1], to: path) }

        #expect(error?.call == "open")
        #expect(error?.errno == .noSuchFileOrDirectory)
        #expect(error?.description.contains(path) == true)
    }

    @Test
    func leavesNothingBehindWhenThePathIsAFolder() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/taken"
        mkdir(path, 0o700)

        let error = #expect(throws: SystemCallError.self) { try AtomicFile.write([1], to: path) }

        #expect(error?.call == "rename")
        #expect(folder.names == ["taken"])
    }

    @Test
    func knowsWhereLinksLead() throws {
        let folder = try TemporaryFolder()
        symlink("two", "\(folder.path)/one")
        symlink("\(folder.path)/three", "\(folder.path)/two")
        symlink("round", "\(folder.path)/round")

        #expect(
            try AtomicFile.target(of: "\(folder.path)/one") == "\(folder.path)/three",
            "which is not there"
        )
        #expect(try AtomicFile.target(of: "\(folder.path)/none") == "\(folder.path)/none")
        let error = #expect(throws: SystemCallError.self) {
            try AtomicFile.target(of: "\(folder.path)/round")
        }
        #expect(error?.errno == .tooManySymbolicLinkLevels)
    }

    @Test
    func doesNotFollowALinkPlantedAtTheTemporaryName() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        let victim = "\(folder.path)/victim"
        try AtomicFile.write([9], to: victim)
        symlink(victim, "\(path).\(getpid()).new")

        try AtomicFile.write([1], to: path)

        #expect(octets(of: victim) == [9])
        #expect(octets(of: path) == [1])
        #expect(folder.names == ["file", "victim"])
    }
}
