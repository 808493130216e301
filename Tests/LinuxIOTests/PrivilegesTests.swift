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

    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func becomesAnotherUserForGood() async {
        await #expect(processExitsWith: .success) {
            try Privileges.drop(to: "nobody", keeping: [.networkAdministration, .rawSockets])

            #expect(getuid() != 0 && geteuid() != 0 && getgid() != 0)
            #expect(getgroups(0, nil) == 1)
            #expect(Privileges.has(.networkAdministration) && Privileges.has(.rawSockets))
            #expect(!Privileges.has(.lowPorts))
            #expect(setuid(0) == -1, "no way back")
            _ = try RawSocket(protocolNumber: 41, family: .ipv4)
            #expect(throws: SystemCallError.self) { _ = try FileContents(of: "/etc/shadow") }
        }
    }

    @Test
    func namesAUserThatDoesNotExist() {
        let error = #expect(throws: SystemCallError.self) {
            try Privileges.drop(to: "no-such-user", keeping: [])
        }

        #expect(error?.description.hasPrefix("user no-such-user: there is no such user on this host") == true)
    }
}
