/// Something that is done for many PoPs, for at most ``width`` of them at once.
enum Sweep {
    /// How many PoPs are spoken to at once.
    static let width = 32

    /// Visits all items, or as many as were begun until a visit's result says to begin no more.
    ///
    /// - Returns: The results of those that were visited, in the items' order.
    static func over<Item: Sendable, Result: Sendable>(
        _ items: [Item],
        _ visit: @escaping @Sendable (Item) async -> Result,
        goesOnAfter: (Result) -> Bool = { _ in true }
    ) async -> [Result] {
        await withTaskGroup(of: (Int, Result).self) { group in
            var waiting = items.enumerated().makeIterator()
            var results: [Int: Result] = [:]
            func beginNext() {
                guard let (index, item) = waiting.next() else { return }
                group.addTask { (index, await visit(item)) }
            }
            for _ in 0..<Self.width { beginNext() }
            var goesOn = true
            while let (index, result) = await group.next() {
                results[index] = result
                goesOn = goesOnAfter(result) && goesOn
                if goesOn { beginNext() }
            }
            return items.indices.compactMap { results[$0] }
        }
    }
}
