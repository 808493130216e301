import Foundation
import Testing

@testable import Central

@Suite("A whole file")
struct WholeFileTests {
    @Test func takesThePlaceOfWhatALinkNames() throws {
        let folder = try TemporaryFolder()
        let (file, link) = (folder.path("graph.svg"), folder.path("latest.svg"))
        try WholeFile.write(Array("old".utf8), to: file, mode: 0o644)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "graph.svg")

        try WholeFile.write(Array("new".utf8), to: link, mode: 0o644)

        #expect(try String(contentsOfFile: file, encoding: .utf8) == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "graph.svg")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path("")).sorted() == [
                "graph.svg", "latest.svg",
            ]
        )
    }

    @Test func thatGrowsKeepsWhatStoodThereUntilSomethingIsWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("old.pcapng")
        try folder.write("precious", to: "old.pcapng")

        let file = try GrowingFile(path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        try file.write(Array("ab".utf8))
        try file.write(Array("c".utf8))

        #expect(try String(contentsOfFile: path, encoding: .utf8) == "abc")
    }

    @Test func isNotMadeThroughALinkToNothing() throws {
        let folder = try TemporaryFolder()
        let link = folder.path("latest.svg")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "gone/graph.svg")

        let error = #expect(throws: RegistryError.self) { try WholeFile.write([0], to: link, mode: 0o644) }

        #expect(error?.description.hasPrefix("cannot write \(link): ") == true)
    }
}
