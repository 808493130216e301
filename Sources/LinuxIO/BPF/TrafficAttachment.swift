internal import CLibBPF
internal import CLinux
internal import Glibc
internal import SystemPackage

/// A program at a device, which sees its packets as long as this lives.
public final class TrafficAttachment: Sendable {
    /// Which packets a program sees.
    public enum Place: Hashable, Sendable {
        /// Those that come in, before the IP stack sees them.
        case ingress
        /// Those that leave.
        case egress
    }

    /// How the kernel holds a program at a device.
    public enum Hold: Hashable, Sendable {
        /// By a link (TCX, Linux 6.6 and later), which goes with the process, however that ends.
        case link
        /// By a filter (clsact, tc(8)), which stays at the device when the process is killed; whoever comes next puts its own
        /// in the same place.
        case filter
    }

    /// Where ours stands among a device's filters; nobody else is expected there.
    private enum Filter {
        static let handle: UInt32 = 0x6136
        static let priority: UInt32 = 0xa136
    }

    /// How the program is held.
    public let hold: Hold
    /// Index of the device.
    public let device: UInt32
    private let place: Place
    /// Of a link; nil for a filter.
    private let link: Link?

    private final class Link: Sendable {
        let descriptor: OwnedDescriptor

        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    /// Puts a program at a device: by a link where the kernel has them, else by a filter.
    ///
    /// - Parameters:
    ///   - program: Stays as it is, and may stand elsewhere too.
    ///   - place: Which packets it sees.
    ///   - device: The device's index.
    ///   - hold: How the kernel is to hold it; nil for what it can.
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public init(
        _ program: BPFProgram,
        at place: Place,
        of device: UInt32,
        by hold: Hold? = nil
    ) throws(SystemCallError) {
        self.device = device
        self.place = place
        let link = hold == .filter ? nil : try Self.link(program, place, device, isDemanded: hold == .link)
        self.link = link
        self.hold = link == nil ? .filter : .link
        if link == nil { try Self.addFilter(program, place, device) }
    }

    deinit {
        guard self.link == nil else { return }
        var hook = Self.hook(self.place, self.device)
        var filter = Self.filter()
        // Gone already with its device, or taken away by somebody.
        _ = bpf_tc_detach(&hook, &filter)
    }

    /// Makes a link; nil where the kernel has none.
    private static func link(
        _ program: BPFProgram,
        _ place: Place,
        _ device: UInt32,
        isDemanded: Bool
    ) throws(SystemCallError) -> Link? {
        let result = attempt {
            clinux_attach_tcx(program.fileDescriptor, device, place == .ingress ? 1 : 0)
        }
        switch result {
        case .success(let descriptor): return Link(OwnedDescriptor(descriptor))
        case .failure(let error):
            // What a kernel says that knows neither the place nor links of it.
            if error == .invalidArgument, !isDemanded { return nil }
            throw SystemCallError(
                call: "bpf(BPF_LINK_CREATE)",
                errno: error,
                subject: Self.subject(place, device)
            )
        }
    }

    private static func addFilter(
        _ program: BPFProgram,
        _ place: Place,
        _ device: UInt32
    ) throws(SystemCallError) {
        var hook = Self.hook(place, device)
        let made = bpf_tc_hook_create(&hook)
        guard made == 0 || made == -EEXIST else {
            let subject = Self.subject(place, device)
            throw SystemCallError(call: "tc qdisc", errno: Errno(rawValue: -made), subject: subject)
        }
        var filter = Self.filter()
        filter.prog_fd = program.fileDescriptor
        // A killed process's stands there still.
        filter.flags = UInt32(BPF_TC_F_REPLACE.rawValue)
        let result = bpf_tc_attach(&hook, &filter)
        guard result == 0 else {
            let subject = Self.subject(place, device)
            throw SystemCallError(call: "tc filter", errno: Errno(rawValue: -result), subject: subject)
        }
    }

    /// Takes away the filter that a killed process left at a device; nothing happens where there is none.
    public static func removeLeftover(at place: Place, of device: UInt32) {
        var hook = Self.hook(place, device)
        var filter = Self.filter()
        _ = bpf_tc_detach(&hook, &filter)
    }

    private static func hook(_ place: Place, _ device: UInt32) -> bpf_tc_hook {
        var hook = bpf_tc_hook()
        hook.sz = optionsSize(upTo: \bpf_tc_hook.parent)
        hook.ifindex = CInt(bitPattern: device)
        hook.attach_point = place == .ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS
        return hook
    }

    private static func filter() -> bpf_tc_opts {
        var filter = bpf_tc_opts()
        filter.sz = optionsSize(upTo: \bpf_tc_opts.priority)
        filter.handle = Filter.handle
        filter.priority = Filter.priority
        return filter
    }

    private static func subject(_ place: Place, _ device: UInt32) -> String {
        "program at the \(place) of \(NetworkDevice.name(ofIndex: device))"
    }
}
