internal import Wire

extension TransferFleet {
    /// Reads tunnels from comma-separated values with a line of column names.
    ///
    /// - Throws: ``TransferError`` with everything that is wrong.
    init(csv octets: [UInt8], file: String) throws(TransferError) {
        let problems = TransferProblems()
        var reader = CSVReader(octets, file: file, problems: problems)
        let header = reader.nextRecord() ?? []
        Self.check(header, in: file, problems)
        try problems.throwAny()
        while let record = reader.nextRecord() {
            let start = record.first?.place ?? TransferPlace(file: file)
            guard record.count == header.count else {
                let found = "\(record.count)"
                problems.note(start, nil, expected: "\(header.count) fields", found: found)
                continue
            }
            let texts = Dictionary(uniqueKeysWithValues: zip(header.map(\.text), record))
            let row = TransferRow(place: start, texts: texts, problems: problems)
            if let tunnel = TransferTunnel(row) { self.tunnels.append(tunnel) }
        }
        try problems.throwAny()
    }

    private static func check(_ header: [CSVReader.Field], in file: String, _ problems: TransferProblems) {
        var seen: Set<String> = []
        for field in header {
            if !TransferTunnel.keys.contains(field.text) {
                let expected = "one of the columns \(TransferTunnel.keys.joined(separator: ", "))"
                problems.note(field.place, nil, expected: expected, found: "\"\(field.text)\"")
            } else if !seen.insert(field.text).inserted {
                problems.note(field.place, field.text, expected: "a column once", found: "it again")
            }
        }
        for key in ["pop", "type"] where !seen.contains(key) {
            let place = header.first?.place ?? TransferPlace(file: file, line: 1, column: 1)
            problems.note(place, key, expected: "a column of that name", found: "none")
        }
    }
}
