import ArgumentParser
import Foundation
import LinuxIO
import Streams
import Wire

/// `sixxs-client status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of a running client's tunnel.",
        discussion: """
            Asks the client by its UNIX socket, which belongs to the user that started it: run it as the same user.

              sixxs-client status
              sixxs-client status --tun sixxs1 --json

            Exit status: 0 the PoP answers, 1 it does not or no client runs, 2 wrong arguments.
            """
    )

    @Option(help: ArgumentHelp("The client's TUN device.", valueName: "device"))
    var tun = "sixxs0"

    @Option(
        help: ArgumentHelp(
            "The client's UNIX socket (default: /run/sixxs-client/DEVICE.sock).",
            valueName: "path"
        ),
        completion: .file()
    )
    var statusSocket: String?

    @Flag(help: "Print a JSON document.")
    var json = false

    func run() throws {
        let path = self.statusSocket ?? ClientSettings.usualStatusPath(of: self.tun)
        let (report, octets) = try Self.report(at: path)
        if self.json {
            StandardOutput.print(PrintedText(json: String(decoding: octets, as: UTF8.self)), terminator: "")
        } else {
            StandardOutput.print(PrintedText(rows: report.lines))
        }
        guard report.state == .answering else { throw ExitCode.failure }
    }

    /// Asks a running client how its tunnel is.
    ///
    /// - Parameter path: Its UNIX socket.
    /// - Returns: What it says, also as it came.
    /// - Throws: ``StartError`` when none answers there.
    static func report(at path: String) throws(StartError) -> (report: ClientReport, octets: [UInt8]) {
        let octets = try Self.ask(path)
        guard let report = try? JSONDecoder().decode(ClientReport.self, from: Data(octets)) else {
            throw StartError(description: "\(path): what answers is not sixxs-client \(Release.version)")
        }
        return (report, octets)
    }

    private static func ask(_ path: String) throws(StartError) -> [UInt8] {
        do throws(SystemCallError) {
            let socket = try StreamSocket(connectingToFile: path)
            var octets: [UInt8] = []
            while octets.count < 1 << 20 {
                let part = try socket.receive()
                guard !part.isEmpty else { break }
                octets += part
            }
            return octets
        } catch {
            guard error.isMissingOrUnused else {
                throw StartError(
                    description:
                        "cannot ask the client at \(error): run this as the user that started the client (root?)"
                )
            }
            throw StartError(
                description:
                    "no sixxs-client answers at \(path): is it running, with this --tun and --status-socket?"
            )
        }
    }
}
