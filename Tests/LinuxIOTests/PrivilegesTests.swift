import CLinux
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
            let octets = try FileContents(of: "/proc/thread-self/status").octets
            let status = String(decoding: octets, as: UTF8.self)
            for line in [
                "CapInh:\t0000000000000000", "CapPrm:\t0000000000003000", "CapEff:\t0000000000003000",
                "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1",
            ] { #expect(status.contains(line), "\(line)") }
            #expect(clinux_prctl(PR_GET_SECUREBITS, 0) == CInt(CLINUX_SECURE_BITS))
            _ = try RawSocket(protocolNumber: 41, family: .ipv4)
            #expect(throws: SystemCallError.self) { _ = try FileContents(of: "/etc/shadow") }
        }
    }

    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func rootWithoutItsCapabilitiesCannotHaveThemBack() async {
        await #expect(processExitsWith: .success) {
            try Privileges.drop(to: "root", keeping: [.networkAdministration])
            Privileges.forbidDumps()

            #expect(getuid() == 0 && Privileges.has(.networkAdministration))
            #expect(!Privileges.has(.rawSockets) && !Privileges.has(.anyFile))
            #expect(setuid(0) == 0 && !Privileges.has(.anyFile), "root is a number like others")
            #expect(clinux_prctl(PR_GET_DUMPABLE, 0) == 0)
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
