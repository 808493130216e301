import LinuxIO
import Streams
import Synchronization
import Wire

/// Commands, one after the other, and what is printed of their replies.
struct ControlConversation: ~Copyable {
    /// What came of a line.
    private enum Outcome {
        case done
        case failed(PrintedText)
        case end
    }

    private var connection: ControlConnection
    private var position = MenuPosition()

    /// Goes on with a session that has begun.
    init(_ connection: consuming ControlConnection) { self.connection = connection }

    /// Carries out lines up to the first that fails, which is told on standard error.
    ///
    /// - Returns: Whether all went well.
    /// - Throws: ``ControlConnection/Failure``.
    mutating func perform(_ lines: some IteratorProtocol<String>) throws(ControlConnection.Failure) -> Bool {
        var lines = lines
        while let line = lines.next() {
            switch try self.perform(line) {
            case .done: continue
            case .end: return true
            case .failed(let words):
                StandardError.print("\(line): \(words)")
                return false
            }
        }
        return true
    }

    /// Asks a person for lines, and tells what comes of them, until they have had enough.
    ///
    /// - Parameter place: Where the daemon is, to be asked for what words may become.
    /// - Returns: True: what failed was seen.
    /// - Throws: ``ControlConnection/Failure``.
    mutating func interact(at place: ControlConnection.Place) throws(ControlConnection.Failure) -> Bool {
        StandardOutput.print("\(self.connection.greeting); help lists commands, exit ends")
        let name = self.connection.greeting.prefix { $0 != " " }
        let shared = SharedPosition()
        let editor = LineEditor { line, word in
            CommandCompletion(position: shared.value) { Self.tunnels(at: place) }.candidates(
                before: line,
                word
            )
        }
        while StandardOutput.isRead {
            shared.value = self.position
            let menu = self.position.isAtTop ? "" : " \(self.position.description)"
            guard let line = editor.next("\(name)\(menu)> ") else {
                StandardOutput.print("")
                return true
            }
            switch try self.perform(line) {
            case .done: continue
            case .end: return true
            case .failed(let words): StandardOutput.print(words)
            }
        }
        return true
    }

    private mutating func perform(_ line: String) throws(ControlConnection.Failure) -> Outcome {
        let request: [UInt8]
        do throws(ControlLine.Failure) {
            guard case .request(let octets) = try ControlLine(line, at: &self.position) else { return .end }
            request = octets
        } catch {
            return .failed("\(error.description)")
        }
        // The daemon says nothing to these.
        guard Words(line).peek != nil else { return .done }
        let last = try self.connection.request(request) { reply in
            guard reply.isSuccess else { return }
            for line in reply.lines ?? [reply.text] { StandardOutput.print("\(line)") }
        }
        return last.isSuccess ? .done : .failed("\(last.code) \(last.text)")
    }

    /// The numbers of the daemon's tunnels, by a session of its own; none when it has no time for that.
    private static func tunnels(at place: ControlConnection.Place) -> [String] {
        guard var connection = try? ControlConnection.open(place),
            let reply = try? connection.request(Array("tunnel list\n".utf8), { _ in })
        else { return [] }
        return reply.lines?.compactMap { $0.split(separator: " ").first.map(String.init) } ?? []
    }
}

/// Where the session stands, for whoever completes words meanwhile.
private final class SharedPosition: Sendable {
    private let state = Mutex(MenuPosition())

    var value: MenuPosition {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}
