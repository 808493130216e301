import ArgumentParser
import Glibc
import LinuxIO
import Streams
import Wire

/// `sixxsd control`: the control port for a person, or for a script.
struct ControlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control",
        abstract: "Speak to the daemon on this host.",
        discussion: """
            On a terminal it asks for commands, with history and completion (Tab) where libedit is installed; `help` lists
            them. Otherwise it takes a command a line from standard input, or those of -c, and ends at the first that fails.
            `config diff` and `config push` take the name of a file. Nothing that is typed is written to a disk.

              sixxsd control
              sixxsd control -c 'pop show status' -c 'tunnel list erroronly'
              sixxsd control -c 'config diff new.conf'

            Exit status: 0 done; 1 a command failed, or nobody answers; 2 wrong arguments.
            """
    )

    /// Where the daemon's unit has it listen.
    private static let usualSocket = "/run/sixxsd/control.sock"

    @Option(name: .shortAndLong, help: ArgumentHelp("A command; may be repeated.", valueName: "command"))
    var command: [String] = []

    @Option(
        help: ArgumentHelp(
            "The daemon's UNIX socket (default: \(usualSocket), if that is there).",
            valueName: "path"
        ),
        completion: .file()
    )
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The daemon's address over TCP (default: 127.0.0.1:\(ControlRequest.port), if there is no socket).",
            valueName: "address:port"
        ),
        transform: { text in
            do { return try Endpoint(parsing: text) } catch {
                throw ValidationError("expected an address and a port, found \"\(text)\"")
            }
        }
    )
    var address: Endpoint?

    func validate() throws {
        guard self.socket == nil || self.address == nil else {
            throw ValidationError("give --socket or --address, not both")
        }
    }

    func run() throws {
        let isWell: Bool
        do throws(ControlConnection.Failure) { isWell = try self.converse() } catch {
            StandardError.print("sixxsd control: \(error)")
            throw ExitCode.failure
        }
        guard isWell else { throw ExitCode.failure }
    }

    /// - Returns: Whether all commands went well.
    private func converse() throws(ControlConnection.Failure) -> Bool {
        let place = self.place
        var conversation = ControlConversation(try ControlConnection.open(place))
        guard self.command.isEmpty else { return try conversation.perform(self.command.makeIterator()) }
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            return try conversation.perform(AnyIterator { readLine() })
        }
        return try conversation.interact(at: place)
    }

    private var place: ControlConnection.Place {
        if let path = self.socket { return .file(path) }
        if let endpoint = self.address { return .endpoint(endpoint) }
        if access(Self.usualSocket, F_OK) == 0 { return .file(Self.usualSocket) }
        return .endpoint(Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: ControlRequest.port))
    }
}
