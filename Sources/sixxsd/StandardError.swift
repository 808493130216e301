import Foundation

/// Where a program complains.
enum StandardError {
    /// Prints a line.
    static func print(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}
