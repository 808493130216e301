import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite("SystemCallError")
struct SystemCallErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let error: SystemCallError
        let text: String

        var testDescription: String { self.text }
    }

    static let cases = [
        Case(
            error: SystemCallError(call: "epoll_wait", errno: .badFileDescriptor),
            text: "Bad file descriptor (epoll_wait)"
        ),
        Case(
            error: SystemCallError(call: "open", errno: .noSuchFileOrDirectory, subject: "/dev/net/tun"),
            text: "/dev/net/tun: No such file or directory (open)"
        ),
        Case(
            error: SystemCallError(call: "bind", errno: .addressInUse, subject: "UDP port 5072 over IPv4")
                .explained("another program has this port open"),
            text: "UDP port 5072 over IPv4: another program has this port open (bind: Address already in use)"
        ),
    ]

    @Test(arguments: cases)
    func readsAsASentence(_ example: Case) {
        #expect(example.error.description == example.text)
    }

    /// Each error that `icmp_err_convert`, `tab_unreach` (ICMPv6) and parameter problems come to.
    @Test(arguments: [
        ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED, EMSGSIZE, EOPNOTSUPP, EHOSTDOWN, ENONET, EPROTO,
        EACCES,
    ])
    func knowsWhatICMPCanSay(_ error: CInt) {
        #expect(SystemCallError(call: "recvmmsg", errno: Errno(rawValue: error)).mayComeFromOutside)
    }

    @Test(arguments: [EINVAL, ENOBUFS, ENOMEM, EBADF, EPERM, ENETDOWN])
    func knowsWhatICMPCannotSay(_ error: CInt) {
        #expect(!SystemCallError(call: "recvmmsg", errno: Errno(rawValue: error)).mayComeFromOutside)
    }

    @Test
    func namesAMissingDevice() {
        let error = #expect(throws: SystemCallError.self) { try NetworkDevice(named: "sxnone") }

        #expect(
            error?.description
                == "sxnone: there is no such network interface (if_nametoindex: No such device)"
        )
    }

    @Test
    func namesASettingThatCannotBeWritten() throws {
        let setting = Sysctl.Name.acceptsAdvertisements(on: "no.such")
        let error = #expect(throws: SystemCallError.self) { try Sysctl.set(setting, to: "1") }

        let words = "setting net.ipv6.conf.no/such.accept_ra to 1: No such file or directory (open)"
        #expect(error?.description == words)
        #expect(try Sysctl.value(of: setting) == nil)
    }

    @Test
    func refusesADeviceNameThatIsTooLong() {
        let error = #expect(throws: SystemCallError.self) { _ = try TUNDevice(name: "sixteen-octets-0") }

        #expect(error?.explanation == "a device's name has 1 to 15 octets")
    }
}
