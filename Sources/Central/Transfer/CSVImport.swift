internal import Wire

extension TransferFleet {
    /// Reads tunnels from comma-separated values with a line of column names.
    ///
    /// - Throws: ``TransferError`` with everything that is wrong.
    package init(csv octets: [UInt8], file: String) throws(TransferError) {
        let problems = TransferProblems()
        try problems.refuseUTF16(octets, file)
        var reader = CSVReader(octets, file: file, problems: problems)
        // Columns that a spreadsheet left behind the last one have no name, and nothing in them.
        let names = reader.nextRecord() ?? []
        let header = Array(names.prefix(names.count - names.reversed().prefix { $0.name.isEmpty }.count))
        Self.check(header, in: file, problems)
        try problems.throwAny()
        while let record = reader.nextRecord() {
            let start = record.first?.place ?? TransferPlace(file: file)
            guard record.count >= header.count,
                record.dropFirst(header.count).allSatisfy({ $0.text.trimmed.isEmpty })
            else {
                let found = "\(record.count)"
                problems.note(start, nil, expected: "\(header.count) fields", found: found)
                continue
            }
            let texts = Dictionary(uniqueKeysWithValues: zip(header.map(\.name), record))
            let row = TransferRow(place: start, texts: texts, problems: problems)
            if let tunnel = TransferTunnel(row) { self.tunnels.append(tunnel) }
        }
        try problems.throwAny()
    }

    private static func check(_ header: [CSVReader.Field], in file: String, _ problems: TransferProblems) {
        var seen: Set<String> = []
        for field in header {
            if !TransferTunnel.keys.contains(field.name) {
                let expected = "one of the columns \(TransferTunnel.keys.joined(separator: ", "))"
                problems.note(field.place, nil, expected: expected, found: "\"\(field.text)\"")
            } else if !seen.insert(field.name).inserted {
                problems.note(field.place, field.text, expected: "a column once", found: "it again")
            }
        }
        for key in ["pop", "type"] where !seen.contains(key) {
            let place = header.first?.place ?? TransferPlace(file: file, line: 1, column: 1)
            problems.note(place, key, expected: "a column of that name", found: "none")
        }
    }
}

extension CSVReader.Field {
    /// The name of a column, which is the same in capitals.
    fileprivate var name: String { self.text.trimmed.lowercased() }
}

extension TransferProblems {
    /// Says how to save a text that a spreadsheet wrote in another encoding.
    ///
    /// - Throws: ``TransferError``.
    func refuseUTF16(_ octets: [UInt8], _ file: String) throws(TransferError) {
        guard octets.hasUTF16Mark else { return }
        let place = TransferPlace(file: file, line: 1, column: 1)
        self.note(place, nil, expected: "UTF-8 text", found: "UTF-16: save the file as UTF-8")
        try self.throwAny()
    }
}
