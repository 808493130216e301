internal import Central

extension ContactDocument {
    /// As people read them.
    static func table(_ documents: [ContactDocument]) -> TextTable {
        var table = TextTable([
            .left("TIME"), .left("POP"), .left("WHAT", rank: 1), .right("SECONDS", rank: 2), .left("OUTCOME"),
            .right("GENERATION", rank: 3), .prose("DETAIL"),
        ])
        for contact in documents {
            table.append([
                contact.time, contact.pop, contact.kind, "\(contact.seconds)", contact.outcome,
                contact.generation.map(String.init), contact.detail,
            ])
        }
        return table
    }
}
