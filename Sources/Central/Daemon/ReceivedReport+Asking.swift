internal import Foundation
package import Wire

extension ReceivedReport {
    private static let request = "pop report"

    /// Asks a daemon for its report, and reads no more of it than the PoP's tunnels can fill.
    ///
    /// - Throws: ``ConnectionFailure``.
    init(
        asking session: any DaemonSession,
        expecting expectation: ReportExpectation
    ) throws(ConnectionFailure) {
        let limit = ReplyLimit(octets: expectation.maximumLength, lines: 16)
        let reply = try session.command(Self.request, upTo: limit)
        var expectation = expectation
        expectation.now = Int64(Date().timeIntervalSince1970)
        do {
            let octets = (reply.lines ?? [reply.text]).joined(separator: "\n").utf8
            try self.init(parsing: Array(octets), expecting: expectation)
        } catch {
            throw .nonsense(.request(Self.request), reason: error.description)
        }
    }

    /// The report, unless the daemon is another PoP's.
    ///
    /// - Throws: ``ConnectionFailure/impostor(_:)``.
    func believed() throws(ConnectionFailure) -> ReceivedReport {
        if let impostor = self.impostor { throw .impostor(impostor) }
        return self
    }

    /// Asks the daemon of one of several PoPs, and believes only its own.
    ///
    /// - Throws: ``ConnectionFailure``.
    package init(
        of pop: PoP,
        asking session: any DaemonSession,
        _ expectations: [Int: ReportExpectation]
    ) throws(ConnectionFailure) {
        let stranger = ReportExpectation(popID: pop.id, popName: pop.name.description, tunnels: [])
        self = try ReceivedReport(asking: session, expecting: expectations[pop.id] ?? stranger).believed()
    }
}

extension Result<ReceivedReport, ConnectionFailure> {
    /// What was not believed, in words, or why there was nothing to believe; nil when all was.
    func doubts(at pop: PoPName) -> String? {
        switch self {
        case .success(let report): report.doubts.words
        // The centre's own end says nothing of the PoP.
        case .failure(.cancelled): nil
        case .failure(let failure): "it gives no report: \(failure.message(for: pop))"
        }
    }
}
