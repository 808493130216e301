internal import Wire

/// A PoP with its prefixes and how many tunnels it has, as `--json` prints it.
package struct PoPDetailsDocument: Encodable, Hashable, Sendable {
    package let pop: PoPDocument
    package let tunnelPrefix: String?
    package let subnetPrefixes: [String]
    package let tunnels: Int

    package init(_ answer: ShowPoP.Answer) {
        self.pop = PoPDocument(answer.pop)
        self.tunnelPrefix = answer.tunnelPrefix?.description
        self.subnetPrefixes = answer.subnetPrefixes.map(\.description)
        self.tunnels = answer.tunnelCount
    }
}
