import FastPath
import LinuxIO
import Testing

@Suite(
    "The fast path's probe",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathProbeTests {
    @Test func isContentWithThisKernel() throws {
        try FastPathPrograms.probe()
    }

    /// Before Linux 6.3 the kernel loads the programs, and they leave every packet alone.
    @Test func findsAKernelThatTakesNoHeadersOff() {
        #expect {
            try FastPathPrograms.probe { (_, frame) throws(SystemCallError) in (.leave, frame) }
        } throws: { error in
            "\(error)".contains("Linux 6.3")
        }
    }

    @Test func findsAKernelThatTakesOffSomethingElse() {
        #expect(throws: SystemCallError.self) {
            try FastPathPrograms.probe { (_, frame) throws(SystemCallError) in (.redirect, frame) }
        }
    }
}
