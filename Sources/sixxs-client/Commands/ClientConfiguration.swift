import LinuxIO
import Wire

/// A configuration file of the client: a setting a line, as `key value` or `key = value`; `#` begins a comment line.
struct ClientConfiguration: Sendable {
    /// Why the file can't be used.
    struct Failure: Error, Hashable, CustomStringConvertible {
        /// The file and the line, the fault and what to do.
        let description: String
    }

    /// What the file says, and the defaults of what it doesn't.
    let settings: ClientSettings

    /// Reads a file.
    ///
    /// - Throws: ``Failure``, or ``SystemCallError`` when it can't be read.
    init(file path: String) throws {
        let contents = try FileContents(of: path, kind: .any, limit: 64 << 10)
        self = try Self(contents.octets, of: path, isReadableByOthers: contents.isReadableByOthers)
    }

    /// Understands a file's content.
    ///
    /// - Throws: ``Failure``.
    init(_ octets: [UInt8], of path: String, isReadableByOthers: Bool) throws(Failure) {
        guard !octets.hasUTF16Mark, let text = String(validating: octets.withoutByteOrderMark, as: UTF8.self)
        else { throw Failure(description: "\(path): expected text in UTF-8: save it as that") }
        var settings = ClientSettings()
        var lines: [SettingKey: Int] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let place = "\(path):\(index + 1)"
            guard let (word, value) = Self.parts(of: line) else { continue }
            let key = try Self.key(word, at: place)
            if let first = lines.updateValue(index + 1, forKey: key) {
                throw Failure(
                    description: "\(place): \(word) is given twice (first on line \(first)): remove one"
                )
            }
            do throws(SettingFailure) { try settings.set(key, to: value) } catch {
                throw Failure(description: "\(place): \(word): \(error)")
            }
        }
        if lines[.password] != nil, let other = lines[.passwordFile] {
            throw Failure(
                description: "\(path):\(other): both password and password-file are set: remove one of them"
            )
        }
        guard lines[.password] == nil || !isReadableByOthers else {
            throw Failure(
                description:
                    "\(path) holds the tunnel's password and can be read by other users of this host: "
                    + "chmod 600 \(path)"
            )
        }
        self.settings = settings
    }

    private static func key(_ word: String, at place: String) throws(Failure) -> SettingKey {
        if let key = SettingKey(rawValue: word) { return key }
        let names = SettingKey.allCases.map(\.rawValue)
        guard let nearest = NearestWord.of(word, among: names) else {
            throw Failure(
                description:
                    "\(place): unknown key \"\(word)\"; expected one of \(names.joined(separator: ", "))"
            )
        }
        throw Failure(description: "\(place): unknown key \"\(word)\": did you mean \"\(nearest)\"?")
    }

    /// The key and the value of a line; nil for one without.
    private static func parts(of line: Substring) -> (key: String, value: String)? {
        let line = line.trimmed
        guard !line.isEmpty, line.first != "#" else { return nil }
        let key = line.prefix { !$0.isWhitespace && $0 != "=" }
        var rest = line.dropFirst(key.count)
        // An equals sign stands behind the key, or alone between blanks; elsewhere it is part of the value.
        if rest.first == "=" {
            rest = rest.dropFirst()
        } else {
            let value = rest.trimmed
            let isAlone =
                value.first == "=" && (value.count == 1 || value.dropFirst().first?.isWhitespace == true)
            rest = isAlone ? value.dropFirst() : value
        }
        return (String(key), String(rest.trimmed))
    }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmed: Substring {
        var text = self.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
