internal import Glibc
package import Wire

/// What every program says of its process, under the names that all programs use.
package struct ProcessFigures: Sendable {
    /// Seconds since 1970.
    let startTime: Double?
    let processorSeconds: Double
    let residentBytes: UInt64?
    let openFiles: Int?

    /// Looks at the process that runs.
    package init() {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        self.processorSeconds = Double(seconds) + Double(microseconds) / 1_000_000
        let pages = Self.read("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap {
            UInt64($0)
        }
        self.residentBytes = pages.map { $0 * UInt64(sysconf(CInt(_SC_PAGESIZE))) }
        self.openFiles = Self.openFiles()
        self.startTime = Self.startTime()
    }

    /// Writes the figures.
    package func write(to exposition: inout Exposition) {
        exposition.family("process_cpu_seconds_total", .counter, "Processor time that was spent, in seconds.")
        {
            $0.add(self.processorSeconds)
        }
        exposition.family("process_resident_memory_bytes", .gauge, "Memory that is resident, in octets.") {
            if let bytes = self.residentBytes { $0.add(bytes) }
        }
        exposition.family("process_open_fds", .gauge, "Files and sockets that are open.") {
            if let count = self.openFiles { $0.add(count) }
        }
        exposition.family(
            "process_start_time_seconds",
            .gauge,
            "When the process started, in seconds since 1970."
        ) {
            if let time = self.startTime { $0.add(time) }
        }
    }

    private static func openFiles() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // The folder itself, `.` and `..`.
        return max(0, count - 3)
    }

    /// When the kernel says that the process began: ticks after the host's start, which is in seconds since 1970.
    private static func startTime() -> Double? {
        // The name of the program, in brackets, may have anything in it.
        let fields = Self.read("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let ticks = Double(fields[19]),
            let boot = Self.read("/proc/stat").split(separator: "\n").first(where: { $0.hasPrefix("btime ") }
            ),
            let seconds = Double(boot.dropFirst(6))
        else { return nil }
        return seconds + ticks / Double(sysconf(CInt(_SC_CLK_TCK)))
    }

    /// The beginning of a file that the kernel makes; empty where it cannot be read.
    private static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var octets: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while octets.count < 1 << 20 {
            let count = Glibc.read(file, &part, part.count)
            guard count > 0 else { break }
            octets += part.prefix(count)
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
