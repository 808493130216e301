public import Logging
internal import Wire

/// Where log lines go: standard error, each cleaned as a whole, so that one message is one line.
public struct LogStream: TextOutputStream, Sendable {
    /// A handler that writes there.
    public static func handler(label: String) -> StreamLogHandler {
        StreamLogHandler(label: label, stream: LogStream())
    }

    /// Takes a line with its end, as ``Logging/StreamLogHandler`` writes it.
    public mutating func write(_ line: String) {
        StandardError.write(Self.cleaned(line))
    }

    static func cleaned(_ line: String) -> String {
        (line.last?.isNewline == true ? line.dropLast() : line[...]).printable + "\n"
    }
}
