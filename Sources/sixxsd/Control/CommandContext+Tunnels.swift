import Core
import Foundation
import Wire

extension CommandContext {
    /// Takes a word that names a tunnel: `T<n>`, a tid, or an address that routes to it.
    ///
    /// - Throws: ``Wire/Words/Failure`` without a word, ``CommandRefusal`` when no tunnel has that name.
    func tunnel(_ words: inout Words) async throws -> (tid: TID, name: String) {
        let word = try words.next(expecting: "a tunnel: T<n>, a tid or an address that routes to it")
        let tid = await self.tid(named: word.text)
        let tunnels = await self.controller.state.configuration.tunnels
        guard let settings = tunnels.first(where: { $0.tid == tid }) else {
            throw CommandRefusal(404, "no tunnel \"\(word.text)\"")
        }
        return (settings.tid, "\(settings.number)")
    }

    /// Takes a word that names whose errors are meant: a tunnel, or `uplink` for the PoP itself, which has no tid.
    ///
    /// - Throws: As ``tunnel(_:)``.
    func owner(_ words: inout Words) async throws -> (tid: TID?, name: String) {
        guard words.peek?.isKeyword("uplink") == true else { return try await self.tunnel(&words) }
        _ = words.next()
        return (nil, "uplink")
    }

    /// The tid that a word names, whether there is such a tunnel or not.
    func tid(named text: String) async -> TID? {
        if let number = try? TunnelNumber(parsing: text) {
            return await self.controller.state.configuration.tunnels.first { $0.number == number }?.tid
        }
        // As `tunnel show` prints it, too.
        let digits = text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : text
        if let tid = try? TID(parsing: digits) { return tid }
        guard let address = try? IPv6Address(parsing: text) else { return nil }
        switch AddressPlan(await self.controller.state.configuration).owner(of: address) {
        case .local(let tid), .remote(let tid), .unassigned(let tid), .routed(let tid): return tid
        case .daemon, .nobody, .external: return nil
        }
    }
}
