package import NIOCore
package import ServiceLifecycle

/// A service that listens until the program is asked to end.
package protocol ListeningService: ServiceLifecycle.Service {
    /// The socket that listens.
    var listener: any Channel { get }

    /// Listens no more, and ends every connection.
    func close() async
}

extension ListeningService {
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.listener.closeFuture.get() }
            group.addTask { try? await gracefulShutdown() }
            await group.next()
            await self.close()
            group.cancelAll()
        }
    }
}
