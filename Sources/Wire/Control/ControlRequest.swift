/// Requests that are more than a line, and the numbers that both ends agree on.
public enum ControlRequest {
    /// TCP port of the control port.
    public static let port: UInt16 = 42003

    /// The longest line a daemon accepts, in octets without its end.
    public static let maximumLineLength = 4096

    /// The longest configuration that can be pushed, in octets: 8192 tunnels and 4096 subnets of the longest lines.
    public static let maximumPushLength = 4 << 20

    /// The line and the body that push a whole configuration.
    ///
    /// - Parameters:
    ///   - generation: The centre's number for it.
    ///   - text: The configuration in the file's grammar.
    ///   - confirmSeconds: After how long it is taken back unless it is confirmed; nil for never.
    ///   - isForced: Whether it may take away many tunnels at once.
    /// - Returns: What goes over the line.
    public static func push(
        generation: Int,
        text: String,
        confirmSeconds: Int? = nil,
        isForced: Bool = false
    ) -> [UInt8] {
        let body = Array(text.utf8)
        let confirm = (confirmSeconds.map { " confirm \($0)" } ?? "") + (isForced ? " force" : "")
        let line = "config push \(generation) \(body.count) \(Configuration.sha256(of: body))\(confirm)\n"
        return Array(line.utf8) + body
    }

    /// The line and the body that change some tunnels and subnets of what runs.
    ///
    /// - Parameters:
    ///   - patch: What changes.
    ///   - old: SHA-256 of the canonical text that it was made for.
    ///   - new: SHA-256 of the canonical text that it makes of that.
    /// - Returns: What goes over the line.
    public static func patch(_ patch: ConfigurationPatch, from old: String, to new: String) -> [UInt8] {
        let body = Array(patch.text.utf8)
        let line = "config patch \(body.count) \(Configuration.sha256(of: body)) from \(old) to \(new)\n"
        return Array(line.utf8) + body
    }

    /// The line and the body that ask what a push of a configuration would change.
    public static func difference(text: String) -> [UInt8] {
        let body = Array(text.utf8)
        return Array("config diff \(body.count) \(Configuration.sha256(of: body))\n".utf8) + body
    }
}
