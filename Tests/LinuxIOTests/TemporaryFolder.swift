import Glibc
import SystemPackage

/// A folder of its own for a test, removed with everything in it at the end.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/sixxs-linuxio-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else { throw Errno(rawValue: errno) }
        self.path = String(cString: path)
    }

    deinit {
        for name in self.names { _ = remove("\(self.path)/\(name)") }
        _ = rmdir(self.path)
    }

    /// The names of everything in the folder, sorted.
    var names: [String] {
        guard let folder = opendir(self.path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// The octets of a file, or nil when there is none.
func octets(of path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&buffer, 1, buffer.count, file)
    return Array(buffer.prefix(count))
}

/// The permissions of a file.
func mode(of path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}
