internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// The fleet's status as people read it.
struct StatusTable {
    private let rows: [StatusDocument]
    private let now: Date

    init(_ rows: [StatusDocument], now: Date) {
        self.rows = rows
        self.now = now
    }

    /// What an operator should know besides, a line each with the PoP's name.
    var notes: [String] { self.rows.flatMap(Self.notes) }

    private static func notes(of row: StatusDocument) -> [String] { row.notes.map { "\(row.pop): \($0)" } }

    /// All rows.
    func printed(on screen: Screen) -> PrintedText {
        guard !self.rows.isEmpty else {
            return "There is no PoP; add one with sixxs-central pop add or inventory apply."
        }
        return self.table(of: self.rows).text(on: screen)
    }

    /// The first rows with their notes, as many as a screen has room for, and what the others are like.
    func screenful(_ screen: Screen) -> PrintedText {
        let table = self.table(of: self.rows)
        let hint = table.hint(on: screen)
        // The heading, the hint, the line about the others, and the last line, where the cursor stays.
        var room = (screen.height ?? .max) - (hint == nil ? 3 : 4)
        var shown = 0
        for row in self.rows {
            room -= 1 + Self.notes(of: row).count
            guard room >= 0 || shown == 0 else { break }
            shown += 1
        }
        let (seen, others) = (self.rows.prefix(shown), self.rows.dropFirst(shown))
        var lines = Array(table.printedLines(on: screen).prefix(shown + 1))
        if !others.isEmpty { lines.append(Self.words(about: others)) }
        if let hint { lines.append(hint) }
        lines += seen.flatMap(Self.notes).map { "\($0.cut(to: screen.width))" }
        return PrintedText(
            joining: lines.prefix(max(2, (screen.height ?? .max) - 1)).map { "\($0)\n" },
            by: ""
        )
    }

    /// `… and 31 more, all well`.
    private static func words(about rows: some Collection<StatusDocument>) -> PrintedText {
        let bad = rows.count { $0.level != .ok }
        return bad == 0
            ? "… and \(rows.count) more, all OK" : "… and \(rows.count) more, \(bad) of them not well"
    }

    private func table(of rows: [StatusDocument]) -> TextTable {
        var table = TextTable([
            .left("POP"), .left("REACHABLE"), .left("AS OF"), .right("TUNNELS"), .right("WANTED"),
            .right("RUNNING"), .right("UPTIME", rank: 1), .left("CLOCK", rank: 3), .left("IN SYNC", rank: 5),
            .left("OUTCOME", rank: 2), .left("LAST PUSH", rank: 6), .right("FROM UPLINK", rank: 4),
            .right("TO UPLINK", rank: 4),
        ])
        for row in rows { table.append(self.cells(of: row)) }
        return table
    }

    private func cells(of row: StatusDocument) -> [TextTable.Cell] {
        let tint = Self.tint(of: row)
        return [
            TextTable.Cell(row.pop, tint),
            TextTable.Cell(
                row.enabled ? row.reachable.map { $0 ? "yes" : "NO" } : "disabled",
                row.reachable == false ? .bad : nil
            ),
            TextTable.Cell(
                row.reportTime.map { HumanFormat.age($0, now: self.now) },
                row.current || !row.enabled ? nil : .bad
            ),
            TextTable.Cell(Self.counts(row.tunnels), row.current || !row.enabled ? nil : .bad),
            TextTable.Cell(Self.wanted(row)),
            TextTable.Cell(row.runningGeneration.map(String.init), Self.isBehind(row) ? .doubtful : nil),
            TextTable.Cell(row.uptime.map(HumanFormat.uptime)),
            TextTable.Cell(
                row.clockError ?? row.clockSkew.map { _ in "right" },
                row.clockError == nil ? nil : .doubtful
            ),
            TextTable.Cell(row.inSync.map { $0 ? "yes" : "NO" }, row.inSync == false ? .doubtful : nil),
            TextTable.Cell(row.lastPush?.outcome, tint),
            TextTable.Cell(row.lastPushTime.map { HumanFormat.age($0, now: self.now) }),
            TextTable.Cell(row.traffic?.fromUplink.map { HumanFormat.octets($0.value) }),
            TextTable.Cell(row.traffic?.toUplink.map { HumanFormat.octets($0.value) }),
        ]
    }

    private static func tint(of row: StatusDocument) -> Tint? {
        switch row.level {
        case .ok, .unknown: nil
        case .warning: .doubtful
        case .critical: .bad
        }
    }

    private static func counts(_ tunnels: StatusDocument.Tunnels) -> String {
        [tunnels.up, tunnels.active, tunnels.registered].map { $0.map(String.init) ?? "?" }.joined(
            separator: "/"
        )
    }

    /// `41 held`, `42`, `42+` where the registry changed since.
    private static func wanted(_ row: StatusDocument) -> String {
        let number = row.wantedGeneration.map(String.init) ?? ""
        return number + (row.held != nil ? " held" : row.registryNewer ? "+" : "")
    }

    private static func isBehind(_ row: StatusDocument) -> Bool {
        row.runningGeneration != row.wantedGeneration
    }
}
