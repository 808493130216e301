import FastPath
import LinuxIO
import SystemPackage
import Testing

extension NetworkNamespace {
    /// Whether the kernel takes programs from this process; where it does, what else is wrong with them makes tests fail.
    static let takesPrograms: Bool = {
        guard Self.isAvailable else { return false }
        do throws(SystemCallError) { try FastPathPrograms.probe() } catch {
            return ![.notPermitted, .permissionDenied, .noFunction, .notSupported].contains(error.errno)
        }
        return true
    }()

    /// What a skipped test says.
    static let programRequirement: Comment = "needs root and a kernel that takes programs (bpf, Linux 6.3)"
}
