internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `import`: tunnels from a file.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract:
            "Import tunnels from a PoP's sixxsd.conf, from CSV, or from what export wrote: all, or none.",
        discussion: """
            What the registry already holds unchanged is skipped: importing twice changes nothing. Only rows with no \
            number, tid and endpoint add a new tunnel each time. What differs from the registry is an error, and so is \
            an impossible value. Errors are shown with their lines, those of values first, and nothing is imported.

            A sixxsd.conf needs --pop, and brings prefixes, numbers, tids, passwords and subnets. CSV (RFC 4180) has a \
            line of column names: tunnel, pop, tid, owner, type, endpoint, mtu, enabled, user_enabled, password, \
            subnets and name_servers (with blanks between), publish_endpoint. Only pop and type are needed; what is empty is chosen as tunnel add does.

            Examples:
              sixxs-central import old/sixxsd.conf --pop chtst01 --dry-run
              sixxs-central import tunnels.csv
              sixxs-central import old/sixxsd.conf --pop chtst01 --take-passwords --yes
              sixxs-central export --format json --secrets |
                sixxs-central import - --format json --database new.db
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The file; - is standard input.", completion: .file()) var file: String
    @Option(help: "The PoP of the sixxsd.conf.", transform: Parsers.popName) var pop: PoPName?
    @Option(help: "conf, csv or json; default: as the file's name ends, else conf.")
    var format: ImportFleet.Format?
    @Flag(help: "Only say what would be imported, having tried it.") var dryRun = false
    @Flag(help: "Give tunnels that differ only in their password the password of the file.")
    var takePasswords = false

    /// What `--json` prints.
    private struct Document: Encodable {
        let pops: Int
        let prefixes: Int
        let users: Int
        let tunnels: Int
        let subnets: Int
        let passwords: Int
        let unchanged: Int
        let notes: [String]
        let applied: Bool
    }

    private var actualFormat: ImportFleet.Format {
        self.format ?? ImportFleet.Format(rawValue: URL(fileURLWithPath: self.file).pathExtension) ?? .conf
    }

    func validate() throws {
        guard (self.actualFormat == .conf) == (self.pop != nil) else {
            throw ValidationError(
                self.pop == nil
                    ? "Name the PoP whose sixxsd.conf it is with --pop, or give another format with --format csv or json."
                    : "A file of that format names the PoPs itself: leave out --pop."
            )
        }
    }

    func run() async throws {
        let centre = try self.store.change()
        let file = ImportFleet(
            try InputFile.octets(of: self.file),
            named: self.file,
            format: self.actualFormat,
            of: self.pop,
            passwords: self.takePasswords ? .take : .refuse
        )
        let prepared = try await ProgressLine.show("reading \(self.file)") { _ in
            try await file.prepare(in: centre)
        }
        for note in prepared.notes { Terminal.complain("note: \(note)") }
        let changed = prepared.plan.changedTunnels
        if !self.dryRun, !changed.isEmpty {
            let names = changed.map(\.description).listed(first: 5)
            let count = changed.count == 1 ? "1 tunnel" : "\(changed.count) tunnels"
            try self.consent.demand("Give \(count) the password of the file (\(names))?")
        }
        try await ProgressLine.show("importing \(prepared.plan.changes.count) changes") { _ in
            try await file.apply(prepared, in: centre, mode: self.dryRun ? .rehearse : .commit)
        }
        try self.show(self.document(prepared.plan, prepared.notes))
    }

    private func document(_ plan: ImportPlan, _ notes: [String]) -> Document {
        Document(
            pops: plan.count { if case .addPoP = $0 { true } else { false } },
            prefixes: plan.count { if case .addPrefix = $0 { true } else { false } },
            users: plan.count { if case .addUser = $0 { true } else { false } },
            tunnels: plan.count { if case .addTunnel = $0 { true } else { false } },
            subnets: plan.count { if case .addSubnet = $0 { true } else { false } },
            passwords: plan.count { if case .amendTunnel = $0 { true } else { false } },
            unchanged: plan.unchanged,
            notes: notes,
            applied: !self.dryRun && !plan.changes.isEmpty
        )
    }

    private func show(_ document: Document) throws {
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        let counts = [
            (document.pops, "PoP"), (document.prefixes, "prefix"), (document.users, "user"),
            (document.tunnels, "tunnel"), (document.subnets, "subnet"), (document.passwords, "new password"),
        ]
        let parts = counts.filter { $0.0 > 0 }.map { count, name in
            name == "prefix" ? count.counted(name, "prefixes") : count.counted(name)
        }
        let verb = self.dryRun ? "would be imported" : "imported"
        let known =
            document.unchanged > 0
            ? "; \(document.unchanged.counted("entry", "entries")) existed already" : ""
        StandardOutput.print(
            parts.isEmpty ? "Nothing to import\(known)." : "\(parts.joined(separator: ", ")) \(verb)\(known)."
        )
    }
}

extension ImportFleet.Format: ExpressibleByArgument {}
