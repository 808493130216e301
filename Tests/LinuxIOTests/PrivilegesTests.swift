import Glibc
import LinuxIO
import Testing

@Suite("Privileges")
struct PrivilegesTests {
    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func keepsOnlyWhatIsAsked() throws {
        // Capabilities belong to the thread, so the rest of the process keeps its own.
        try Thread.run {
            try Privileges.drop(to: nil, keeping: [.networkAdministration])

            #expect(Privileges.has(.networkAdministration))
            #expect(!Privileges.has(.rawSockets))
            #expect(throws: SystemCallError.self) { _ = try RawSocket(protocolNumber: 41, family: .ipv4) }
            #expect(throws: SystemCallError.self) {
                try Privileges.drop(to: nil, keeping: [.networkAdministration, .rawSockets])
            }
        }
        #expect(Privileges.has(.rawSockets))
    }

    @Test
    func namesAUserThatDoesNotExist() {
        let error = #expect(throws: SystemCallError.self) {
            try Privileges.drop(to: "no-such-user", keeping: [])
        }

        #expect(error?.description.hasPrefix("user no-such-user: there is no such user on this host") == true)
    }
}
