internal import Foundation
internal import Wire

/// The line of `authorized_keys` that lets the centre reach one PoP's daemon, and nothing else.
package struct AuthorizedKey {
    package let line: String

    /// Takes the public key from beside the private one.
    ///
    /// - Throws: ``RegistryError/unusable(_:)`` when there is no public key.
    package init(for pop: PoP) throws(RegistryError) {
        let path = pop.ssh.keyFile + ".pub"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let key = try? HostKey(parsing: text)
        else {
            throw .unusable(
                "cannot read the public key \(path): make the pair with \(KeyExamination.making(pop.ssh.keyFile)), "
                    + "or the public part with ssh-keygen -y -f \(pop.ssh.keyFile) > \(path)"
            )
        }
        self.line =
            "restrict,port-forwarding,permitopen=\"\(pop.control)\",command=\"/bin/false\" \(key) sixxs-central"
    }
}
