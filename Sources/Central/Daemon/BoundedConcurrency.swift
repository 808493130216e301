/// How many PoPs are spoken to at once.
let concurrencyBound = 32

/// Does something for many items, for at most ``concurrencyBound`` of them at once, or for as many as were begun until a
/// result says to begin no more.
///
/// - Returns: The results of those that were begun, in the items' order.
func boundedConcurrency<Item: Sendable, Result: Sendable>(
    over items: [Item],
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
        for _ in 0..<concurrencyBound { beginNext() }
        var goesOn = true
        while let (index, result) = await group.next() {
            results[index] = result
            goesOn = goesOnAfter(result) && goesOn
            if goesOn { beginNext() }
        }
        return items.indices.compactMap { results[$0] }
    }
}
