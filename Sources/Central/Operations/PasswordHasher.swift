internal import Dispatch
internal import Foundation
internal import Synchronization
package import Wire

/// Derives keys from passwords, few at a time: each takes much memory and time, on purpose.
///
/// Half of the processors are left to everything else, so that however many passwords are tried, rounds go on; who comes when
/// too many wait is sent away.
package final class PasswordHasher: Sendable {
    /// What a hash costs today: 32 MiB, three times over.
    package static let presentCost = Scrypt(logarithm: 15, blockSize: 8, repetitions: 3)

    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Why a password is not looked at.
    package enum Trouble: Error, Hashable, Sendable {
        /// Too many others are.
        case busy

        /// There is not enough memory.
        case noMemory
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "passwords", qos: .utility, attributes: .concurrent)
    private let cost: Scrypt
    private let mostRunning: Int
    private let mostWaiting: Int

    /// - Parameters:
    ///   - cost: What new hashes cost.
    ///   - mostRunning: How many are derived at once.
    ///   - mostWaiting: How many wait for that.
    package init(
        cost: Scrypt,
        mostRunning: Int = max(1, ProcessInfo.processInfo.activeProcessorCount / 2),
        mostWaiting: Int = 32
    ) {
        self.cost = cost
        self.mostRunning = mostRunning
        self.mostWaiting = mostWaiting
    }

    /// What is to be stored of a password.
    ///
    /// - Throws: ``Trouble``.
    package func hash(_ password: WebPassword) async throws -> WebPasswordHash {
        let cost = self.cost
        guard let hash = try await self.run({ WebPasswordHash(of: password, cost: cost) }) else {
            throw Trouble.noMemory
        }
        return hash
    }

    /// Compares a password with what is stored; without anything to compare it with it takes as long.
    ///
    /// - Throws: ``Trouble/busy``.
    func matches(_ password: WebPassword, _ stored: WebPasswordHash?) async throws -> Bool {
        let hash = stored ?? WebPasswordHash(ofNobody: self.cost)
        let isRight = try await self.run { hash.matches(password) }
        return isRight && stored != nil
    }

    /// Whether a hash costs what new ones cost.
    func isPresent(_ hash: WebPasswordHash) -> Bool { hash.cost == self.cost }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws -> Value {
        try await self.begin()
        defer { self.end() }
        return await withCheckedContinuation { continuation in
            self.queue.async { continuation.resume(returning: work()) }
        }
    }

    private func begin() async throws {
        let mayRun = try self.state.withLock { state in
            if state.running < self.mostRunning {
                state.running += 1
                return true
            }
            guard state.waiting.count < self.mostWaiting else { throw Trouble.busy }
            return false
        }
        guard !mayRun else { return }
        await withCheckedContinuation { continuation in
            // A place may have become free since.
            let isFree = self.state.withLock { state in
                guard state.running >= self.mostRunning else {
                    state.running += 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Gives the place to who has waited longest.
    private func end() {
        let next = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
