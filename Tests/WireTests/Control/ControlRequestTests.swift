import Testing
import Wire

@Suite("A push request") struct ControlRequestTests {
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func announcesItsBody() {
        let octets = ControlRequest.push(generation: 42, text: "abc")

        #expect(String(decoding: octets, as: UTF8.self) == "config push 42 3 \(Self.abc)\nabc")
    }

    @Test func mayWantToBeConfirmed() {
        let octets = ControlRequest.push(generation: 1, text: "abc", confirmSeconds: 60)

        #expect(String(decoding: octets, as: UTF8.self) == "config push 1 3 \(Self.abc) confirm 60\nabc")
    }

    @Test func countsOctetsNotCharacters() {
        let octets = ControlRequest.push(generation: 1, text: "å\r\n")

        #expect(String(decoding: octets, as: UTF8.self).hasPrefix("config push 1 4 "))
    }

    @Test func isReadBackByAFramer() throws {
        let configuration = try ConfigurationTests.load(ConfigurationTests.example)
        var framer = ControlFramer(maximumLineLength: ControlRequest.maximumLineLength)
        framer.append(ControlRequest.push(generation: 7, text: configuration.canonicalText))

        let line = framer.nextLine()
        let body = framer.nextBody(count: framer.available) ?? []

        let size = configuration.canonicalText.utf8.count
        #expect(line == .line("config push 7 \(size) \(configuration.digest)"))
        #expect(try Configuration(parsing: body, file: "push") == configuration)
    }
}
