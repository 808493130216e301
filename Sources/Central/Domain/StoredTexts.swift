internal import Wire

extension PoP {
    /// - Throws: ``RegistryError/refused(_:)`` naming the value that cannot be stored.
    func checkTexts() throws(RegistryError) {
        try FreeText.demand(self.city, "the city of \(self.name)")
        try FreeText.demand(self.ssh.host ?? "", "the SSH host of \(self.name)")
        try FreeText.demand(self.ssh.user, "the SSH user of \(self.name)")
        try FreeText.demand(self.ssh.keyFile, "the SSH key file of \(self.name)")
    }
}

extension User {
    /// - Throws: ``RegistryError/refused(_:)`` naming the value that cannot be stored.
    func checkTexts() throws(RegistryError) {
        try FreeText.demand(self.name, "the name of \(self.handle)")
        try FreeText.demand(self.mail, "the mail address of \(self.handle)")
    }
}

extension FreeText {
    fileprivate static func demand(_ text: String, _ what: String) throws(RegistryError) {
        do throws(SyntaxError) { _ = try Self.check(text) } catch {
            throw .refused("\(what): \(error)")
        }
    }
}
