internal import Wire

/// The configuration of one PoP as the registry has it: what a push sends.
package struct Rendering: Hashable, Sendable {
    package let popID: Int

    /// The canonical text.
    package let text: String

    /// SHA-256 of the text.
    package let digest: String

    /// The revision of the registry that it was made from.
    package let revision: Int64

    init(popID: Int, text: String, revision: Int64) {
        self.popID = popID
        self.text = text
        self.digest = Configuration.sha256(of: text.utf8)
        self.revision = revision
    }
}
