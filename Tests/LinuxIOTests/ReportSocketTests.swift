import Glibc
import Testing
import Wire

@testable import LinuxIO

@Suite("A socket that reports") struct ReportSocketTests {
    @Test func tellsWhoConnects() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/client.sock"
        let socket = try ReportSocket(at: path)
        #expect(mode(of: path) == 0o600)

        for word in ["first", "second"] {
            let asking = try StreamSocket(connectingToFile: path)
            socket.answer { Array(word.utf8) }
            #expect(try asking.receive() == Array(word.utf8))
            #expect(try asking.receive() == [])
        }
        // Nobody is there: nothing is made, and nothing waited for.
        socket.answer { [1] }
    }

    @Test func makesItsFolderAndRemovesItsFile() throws {
        let folder = try TemporaryFolder()
        do {
            let socket = try ReportSocket(at: "\(folder.path)/run/client.sock")
            #expect(socket.fileDescriptor >= 0)
            #expect(mode(of: "\(folder.path)/run") & 0o022 == 0)
        }
        #expect(octets(of: "\(folder.path)/run/client.sock") == nil)
        #expect(throws: SystemCallError.self) { _ = try ReportSocket(at: "\(folder.path)/a/b/client.sock") }
    }

    @Test func takesNobodysPlace() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/client.sock"
        let first = try ReportSocket(at: path)
        #expect(throws: SystemCallError.self) { _ = try ReportSocket(at: path) }
        #expect(first.fileDescriptor >= 0)
    }
}

@Suite("A lookup of a host") struct HostLookupTests {
    @Test func givesAddresses() throws {
        #expect(try HostLookup.addresses(of: "192.0.2.1") == [.ipv4(IPv4Address(192, 0, 2, 1))])
        #expect(try HostLookup.addresses(of: "2001:db8::1") == [IPAddress(parsing: "2001:db8::1")])
    }

    @Test func saysWhyThereAreNone() {
        let error = #expect(throws: HostLookup.Failure.self) {
            try HostLookup.addresses(of: String(repeating: "a", count: 300))
        }
        #expect(error?.description.isEmpty == false)
    }
}
