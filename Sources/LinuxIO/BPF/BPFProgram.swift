internal import CLibBPF
internal import Glibc
internal import SystemPackage

/// A program that the kernel runs for packets (tc(8)).
public final class BPFProgram: Sendable {
    // Keeps the descriptor open.
    private let object: BPFObject
    private let name: String
    let fileDescriptor: CInt

    init(of object: BPFObject, named name: String, fileDescriptor: CInt) throws(SystemCallError) {
        guard fileDescriptor >= 0 else {
            throw SystemCallError(
                call: "bpf_program__fd",
                errno: Errno(rawValue: -fileDescriptor),
                subject: name
            )
        }
        self.object = object
        self.name = name
        self.fileDescriptor = fileDescriptor
    }

    /// What a program does with a packet.
    public enum Action: Hashable, Sendable {
        /// Nothing: it goes on as without the program.
        case leave
        /// Discards it.
        case drop
        /// Hands it to another device.
        case redirect
        /// Another answer (`TC_ACT_…`).
        case other(Int32)

        init(_ answer: Int32) {
            self =
                switch answer {
                case -1: .leave
                case 2: .drop
                case 7: .redirect
                default: .other(answer)
                }
        }
    }

    /// Room for a packet that becomes longer.
    private static let growth = 256

    /// Has the program look at a packet that goes nowhere (`BPF_PROG_TEST_RUN`).
    ///
    /// - Parameters:
    ///   - packet: With its Ethernet header.
    ///   - segmentSize: Payload of each of the packets that it stands for, in octets; 0 for a single one.
    /// - Returns: What the program would have done, and what became of the packet.
    /// - Throws: ``SystemCallError`` when the kernel refuses to run it.
    public func test(
        _ packet: [UInt8],
        segmentSize: UInt32 = 0
    ) throws(SystemCallError) -> (action: Action, packet: [UInt8]) {
        var context = __sk_buff()
        context.gso_size = segmentSize
        var options = bpf_test_run_opts()
        options.sz = optionsSize(upTo: \bpf_test_run_opts.duration)
        var output = [UInt8](repeating: 0, count: packet.count + Self.growth)
        let result = packet.withUnsafeBytes { octets in
            output.withUnsafeMutableBytes { room in
                withUnsafePointer(to: &context) { context in
                    options.data_in = octets.baseAddress
                    options.data_size_in = UInt32(clamping: octets.count)
                    options.data_out = room.baseAddress
                    options.data_size_out = UInt32(clamping: room.count)
                    options.ctx_in = UnsafeRawPointer(context)
                    options.ctx_size_in = UInt32(MemoryLayout<__sk_buff>.size)
                    return bpf_prog_test_run_opts(self.fileDescriptor, &options)
                }
            }
        }
        guard result >= 0 else {
            throw SystemCallError(
                call: "bpf(BPF_PROG_TEST_RUN)",
                errno: Errno(rawValue: -result),
                subject: self.name
            )
        }
        output.removeLast(output.count - min(Int(options.data_size_out), output.count))
        return (Action(Int32(bitPattern: options.retval)), output)
    }
}
