package import Central
internal import Foundation
package import HTTP
package import Logging
internal import Synchronization
package import Wire

/// What Prometheus gets of the fleet: `/metrics` of the centre.
package struct CentreMetrics: Responder {
    private let router: Router

    /// - Parameters:
    ///   - centre: Whose fleet.
    ///   - rounds: What the rounds of this process did.
    ///   - requests: What the pages of this process answered.
    ///   - others: What other faces of this process write.
    ///   - logger: Where faults of ours are told.
    package init(
        _ centre: Centre,
        rounds: RoundFigures,
        requests: RequestFigures,
        others: [@Sendable (inout Exposition) -> Void] = [],
        logger: Logger
    ) {
        let census = CensusMemory()
        var router = Router(logger: logger)
        router.get("/metrics") { _ in
            var exposition = Exposition()
            exposition.family("sixxs_build_info", .gauge, "The centre's version.") {
                $0.add(["version": Release.version], 1)
            }
            exposition.family("sixxs_database_info", .gauge, "What keeps the registry.") {
                $0.add(["engine": centre.store.engine], 1)
            }
            let figures: CentreFigures?
            do {
                figures = try await ReadFigures(since: census.last).run(in: centre)
                if let figures { census.keep(figures.census) }
            } catch {
                logger.error("metrics: the database cannot be read: \(error)")
                figures = nil
            }
            exposition.family("sixxs_database_up", .gauge, "Whether the database can be read.") {
                $0.add([:], figures != nil)
            }
            figures?.write(to: &exposition, now: Date())
            rounds.counts.write(to: &exposition)
            requests.write(to: &exposition)
            for write in others { write(&exposition) }
            ProcessFigures().write(to: &exposition)
            return Response(
                headers: [(name: "Content-Type", value: Exposition.contentType)],
                body: exposition.octets
            )
        }
        self.router = router
    }

    package func respond(to request: Request) async -> Response { await self.router.respond(to: request) }
}

/// The tunnels as they were counted last: all of them are read again only when the registry was changed.
private final class CensusMemory: Sendable {
    private let census = Mutex<TunnelCensus?>(nil)

    var last: TunnelCensus? { self.census.withLock { $0 } }

    func keep(_ census: TunnelCensus) { self.census.withLock { $0 = census } }
}
