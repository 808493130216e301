internal import Synchronization

/// The files of a certificate and its key, and what was read from them last.
package final class TLSCertificate: Sendable {
    private let certificate: String
    private let key: String
    private let current: Mutex<TLSContext>

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - certificate: The path of the certificate, with those between it and its root behind it.
    ///   - key: The path of its private key, without a passphrase.
    /// - Throws: ``TLSFailure``.
    package init(certificate: String, key: String) throws(TLSFailure) {
        let context = try TLSContext(certificate: certificate, key: key)
        self.certificate = certificate
        self.key = key
        self.current = Mutex(context)
    }

    /// What secures connections that begin now.
    package var context: TLSContext { self.current.withLock(\.self) }

    /// Reads the files again; what was read before stays when they cannot be used.
    ///
    /// - Throws: ``TLSFailure``.
    package func reload() throws(TLSFailure) {
        let context = try TLSContext(certificate: self.certificate, key: self.key)
        self.current.withLock { $0 = context }
    }
}
