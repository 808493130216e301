import LinuxIO
import Wire

/// A session with a daemon's control port, as a person on the PoP has it.
struct ControlConnection: ~Copyable {
    /// Where a daemon is.
    enum Place: Hashable, Sendable, CustomStringConvertible {
        case file(String)
        case endpoint(Endpoint)

        /// As a person writes it.
        var description: String {
            switch self {
            case .file(let path): path
            case .endpoint(let endpoint): "\(endpoint)"
            }
        }
    }

    /// Why there is no session, or no more of it.
    enum Failure: Error, CustomStringConvertible {
        case unreachable(Place, SystemCallError)
        case refused(ControlReply)
        case lost(SystemCallError)
        case ended
        case nonsense(ControlReplyError)

        /// A sentence for people, with what to do.
        var description: String {
            switch self {
            case .unreachable(let place, let error):
                "no answer at \(place): \(error.errno); does sixxsd run (systemctl status sixxsd), and with this --socket or --control?"
            case .refused(let reply): "the daemon refuses this user: \(reply.code) \(reply.text)"
            case .lost(let error): "the connection was lost: \(error)"
            case .ended: "the daemon ended the session"
            case .nonsense(let error): "what answers is not sixxsd: \(error)"
            }
        }
    }

    /// What the daemon said first: its name and version.
    private(set) var greeting = ""

    private let socket: StreamSocket
    private var parser = ControlReplyParser()

    private init(_ socket: consuming StreamSocket) { self.socket = socket }

    /// Connects, and reads the greeting.
    static func open(_ place: Place) throws(Failure) -> ControlConnection {
        var connection = ControlConnection(try Self.connect(to: place))
        let reply = try connection.reply()
        guard reply.isSuccess else { throw .refused(reply) }
        connection.greeting = reply.text
        return connection
    }

    private static func connect(to place: Place) throws(Failure) -> StreamSocket {
        do throws(SystemCallError) {
            switch place {
            case .file(let path): return try StreamSocket(connectingToFile: path)
            case .endpoint(let endpoint): return try StreamSocket(connectingTo: endpoint)
            }
        } catch {
            throw .unreachable(place, error)
        }
    }

    /// Sends a request and hands on what comes, up to the reply that ends it.
    ///
    /// - Parameters:
    ///   - request: A line with its end, and the text that it announces, if it does.
    ///   - body: Gets each reply.
    /// - Returns: The last reply.
    /// - Throws: ``Failure``.
    mutating func request(
        _ request: [UInt8],
        _ body: (ControlReply) -> Void
    ) throws(Failure) -> ControlReply {
        do throws(SystemCallError) { try self.socket.send(request) } catch { throw .lost(error) }
        while true {
            let reply = try self.reply()
            body(reply)
            // Decisions come as they are made, before the reply that ends the command or beside it.
            if reply.code != 202 { return reply }
        }
    }

    private mutating func reply() throws(Failure) -> ControlReply {
        while true {
            do throws(ControlReplyError) {
                if let reply = try self.parser.next() { return reply }
            } catch {
                throw .nonsense(error)
            }
            let octets: [UInt8]
            do throws(SystemCallError) { octets = try self.socket.receive() } catch { throw .lost(error) }
            guard !octets.isEmpty else { throw .ended }
            self.parser.append(octets)
        }
    }
}
