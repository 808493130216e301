import LinuxIO
import SystemPackage
import Wire

/// A line for the control port, and what goes over the wire for it.
///
/// Commands that announce a text take the name of a file here: its length and digest are made of it.
enum ControlLine {
    /// What is sent.
    case request([UInt8])
    /// Nothing; the session ends.
    case end

    /// Why a line is not sent.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Understands a line as far as must be.
    ///
    /// - Parameters:
    ///   - line: Without its end.
    ///   - position: Where the session stands; afterwards, where it stands then.
    /// - Throws: ``Failure`` when a text's file can't be read.
    init(_ line: String, at position: inout MenuPosition) throws(Failure) {
        var words = Words(line)
        guard case .command(let path) = position.follow(&words) else {
            self = .request(Array("\(line)\n".utf8))
            return
        }
        switch path {
        case "cmd exit", "cmd quit", "exit", "quit": self = .end
        case "config diff":
            self = .request(ControlRequest.difference(text: try Self.file(&words, "config diff <file>")))
            try Self.end(words, "config diff <file>")
        case "config push": self = .request(try Self.push(&words))
        case "config patch": self = .request(try Self.patch(&words))
        default: self = .request(Array("\(line)\n".utf8))
        }
    }

    private static let pushForm = "config push <generation> <file> [confirm <seconds>] [force]"

    private static func push(_ words: inout Words) throws(Failure) -> [UInt8] {
        guard let generation = words.next().flatMap({ Int($0.text) }), generation >= 0 else {
            throw Failure(description: "expected \(Self.pushForm)")
        }
        let text = try Self.file(&words, Self.pushForm)
        var (confirm, isForced): (Int?, Bool) = (nil, false)
        while let word = words.next() {
            if word.isKeyword("force") {
                isForced = true
            } else if word.isKeyword("confirm"), let seconds = words.next().flatMap({ Int($0.text) }) {
                confirm = seconds
            } else {
                throw Failure(description: "expected \(Self.pushForm)")
            }
        }
        return ControlRequest.push(
            generation: generation,
            text: text,
            confirmSeconds: confirm,
            isForced: isForced
        )
    }

    private static let patchForm = "config patch <file> from <sha256> to <sha256> [force]"

    /// The rest of the line is the daemon's to judge.
    private static func patch(_ words: inout Words) throws(Failure) -> [UInt8] {
        let body = Array(try Self.file(&words, Self.patchForm).utf8)
        let rest = words.rest().map(\.text).joined(separator: " ")
        guard !rest.isEmpty else { throw Failure(description: "expected \(Self.patchForm)") }
        let line = "config patch \(body.count) \(Configuration.sha256(of: body)) \(rest)\n"
        return Array(line.utf8) + body
    }

    private static func file(_ words: inout Words, _ form: String) throws(Failure) -> String {
        guard let path = words.next()?.text else { throw Failure(description: "expected \(form)") }
        do throws(SystemCallError) {
            let octets = try FileContents(of: path, kind: .any, limit: ControlRequest.maximumPushLength)
                .octets
            guard let text = String(validating: octets, as: UTF8.self) else {
                throw SystemCallError(call: "read", errno: .illegalByteSequence, subject: path)
            }
            return text
        } catch {
            throw Failure(description: "\(error); expected \(form)")
        }
    }

    private static func end(_ words: Words, _ form: String) throws(Failure) {
        guard words.isAtEnd else { throw Failure(description: "expected \(form)") }
    }
}
