internal import CLibBPF
internal import Glibc
internal import SystemPackage

/// Programs for the kernel, and the tables that they share with this process, out of an object file (bpf(2)).
///
/// First it is told how long its tables are and what its constants are; then it is loaded, which needs `CAP_BPF` and
/// `CAP_NET_ADMIN`; programs and tables can be had only then, and stay as long as they are used by anybody. Until it is loaded one
/// thread has it to itself; then nothing changes it.
public final class BPFObject: @unchecked Sendable {
    /// How much is kept of what the kernel says of a program that it refuses, in octets; mostly one is refused for its last words.
    private static let logCapacity = 65_536

    private let object: OpaquePointer
    private let name: String
    private let log: UnsafeMutableBufferPointer<CChar>

    /// Reads an object file.
    ///
    /// - Parameters:
    ///   - octets: The file's.
    ///   - name: What the kernel is to call it.
    /// - Throws: ``SystemCallError`` when it can't be read.
    public init(_ octets: UnsafeRawBufferPointer, named name: String) throws(SystemCallError) {
        // What goes wrong is thrown, not printed.
        _ = libbpf_set_print(nil)
        let object = name.withCString { text in
            var options = bpf_object_open_opts()
            options.sz = optionsSize(upTo: \bpf_object_open_opts.object_name)
            options.object_name = text
            return bpf_object__open_mem(octets.baseAddress, octets.count, &options)
        }
        guard let object else {
            throw SystemCallError(call: "bpf_object__open", errno: Errno(rawValue: errno), subject: name)
        }
        self.object = object
        self.name = name
        self.log = .allocate(capacity: Self.logCapacity)
        self.log.initialize(repeating: 0)
    }

    deinit {
        bpf_object__close(self.object)
        self.log.deallocate()
    }

    /// How many processors the host can have: programs tell them apart by numbers under this.
    public static var processors: Int { Int(max(libbpf_num_possible_cpus(), 1)) }

    // MARK: - Before it is loaded

    /// Makes a table longer or shorter.
    ///
    /// - Throws: ``SystemCallError`` when there is no such table, or the object was loaded.
    public func resize(table name: String, to count: Int) throws(SystemCallError) {
        try self.check("bpf_map__set_max_entries", about: name) {
            bpf_map__set_max_entries($0, UInt32(clamping: count))
        }
    }

    /// Writes the programs' constants, all of them.
    ///
    /// - Throws: ``SystemCallError`` when they are not so long, or the object was loaded.
    public func setConstants(_ value: UInt32) throws(SystemCallError) {
        try self.check("bpf_map__set_initial_value", about: ".rodata") { map in
            withUnsafePointer(to: value) { bpf_map__set_initial_value(map, $0, MemoryLayout<UInt32>.size) }
        }
    }

    private func check(
        _ call: String,
        about table: String,
        _ body: (OpaquePointer) -> CInt
    ) throws(SystemCallError) {
        let map = try self.map(table)
        let result = body(map)
        if result < 0 { throw SystemCallError(call: call, errno: Errno(rawValue: -result), subject: table) }
    }

    private func map(_ name: String) throws(SystemCallError) -> OpaquePointer {
        // The compiler's own table has the object's name in front of its own.
        var map = bpf_object__next_map(self.object, nil)
        while let candidate = map {
            let found = String(cString: bpf_map__name(candidate))
            if found == name || (name == ".rodata" && found.hasSuffix(name)) { return candidate }
            map = bpf_object__next_map(self.object, candidate)
        }
        throw SystemCallError(call: "bpf_object__find_map", errno: .noSuchFileOrDirectory, subject: name)
    }

    private func program(_ name: String) throws(SystemCallError) -> OpaquePointer {
        guard let program = bpf_object__find_program_by_name(self.object, name) else {
            throw SystemCallError(
                call: "bpf_object__find_program",
                errno: .noSuchFileOrDirectory,
                subject: name
            )
        }
        return program
    }

    /// Gives the kernel all programs and tables.
    ///
    /// - Throws: ``SystemCallError``, `EPERM` where the process may not (`CAP_BPF`), with the end of what the kernel says of a
    ///   program that it refuses.
    public func load() throws(SystemCallError) {
        var program = bpf_object__next_program(self.object, nil)
        while let next = program {
            _ = bpf_program__set_log_buf(next, self.log.baseAddress, self.log.count)
            program = bpf_object__next_program(self.object, next)
        }
        let result = bpf_object__load(self.object)
        guard result < 0 else { return }
        throw SystemCallError(
            call: "bpf",
            errno: Errno(rawValue: -result),
            subject: "loading \(self.name)",
            explanation: self.verifierWord
        )
    }

    /// The last thing but statistics that the kernel said of a program.
    private var verifierWord: String? {
        guard let start = self.log.baseAddress else { return nil }
        let lines = String(cString: start).split(separator: "\n").filter { !$0.isEmpty }
        return lines.last { !$0.hasPrefix("processed ") }.map(String.init)
    }

    // MARK: - Loaded

    /// A table, in the process's memory.
    ///
    /// - Throws: ``SystemCallError`` when there is no such table, or none that can be mapped.
    public func table(_ name: String) throws(SystemCallError) -> BPFTable {
        let map = try self.map(name)
        return try BPFTable(
            mapping: bpf_map__fd(map),
            named: name,
            valueSize: Int(bpf_map__value_size(map)),
            count: Int(bpf_map__max_entries(map))
        )
    }

    /// A program.
    ///
    /// - Throws: ``SystemCallError`` when there is no such program.
    public func loadedProgram(_ name: String) throws(SystemCallError) -> BPFProgram {
        try BPFProgram(of: self, named: name, fileDescriptor: bpf_program__fd(self.program(name)))
    }
}

/// How much of a structure libbpf is to look at: up to the last field that is meant.
///
/// What lies behind is padding, which Swift leaves as it is and libbpf wants to be 0.
func optionsSize<Options, Field>(upTo field: KeyPath<Options, Field>) -> Int {
    (MemoryLayout<Options>.offset(of: field) ?? 0) + MemoryLayout<Field>.size
}
