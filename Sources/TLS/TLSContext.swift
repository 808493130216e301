internal import CLibSSL

/// Why TLS cannot be had, in a sentence.
package struct TLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// What holds for many connections, a server's with a certificate and its key, or a client's: TLS 1.2 and 1.3, a server's without
/// session tickets.
///
/// It never changes; another certificate is another context.
package final class TLSContext: @unchecked Sendable {
    /// Thread-safe: libssl counts the references to it, and it is only read.
    let pointer: OpaquePointer

    /// Reads the files, which are PEM.
    ///
    /// - Parameters:
    ///   - certificate: The path of the certificate, with those between it and its root behind it.
    ///   - key: The path of its private key, without a passphrase.
    /// - Throws: ``TLSFailure`` that names the file.
    package init(certificate: String, key: String) throws(TLSFailure) {
        guard let pointer = SSL_CTX_new(TLS_server_method()) else {
            throw TLSFailure(description: "TLS cannot be set up: \(Self.lastError)")
        }
        self.pointer = pointer
        ERR_clear_error()
        clibssl_forbid_resumption(pointer)
        clibssl_release_buffers(pointer)
        clibssl_ask_no_passphrase(pointer)
        guard clibssl_set_oldest_version(pointer) == 1 else {
            throw TLSFailure(description: "TLS 1.2 cannot be had: \(Self.lastError)")
        }
        guard clibssl_set_groups(pointer) == 1 else {
            throw TLSFailure(description: "no curve for TLS can be had: \(Self.lastError)")
        }
        guard SSL_CTX_use_certificate_chain_file(pointer, certificate) == 1 else {
            throw TLSFailure(description: "\(certificate): no certificate can be read: \(Self.lastError)")
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(pointer) == 1
        else {
            throw TLSFailure(
                description: "\(key): no private key of the certificate can be read: \(Self.lastError)"
            )
        }
    }

    /// Whom a client believes.
    package enum Trust: Hashable, Sendable {
        /// Those whom the host's certificates vouch for.
        case certified
        /// Whoever answers: what is sent is hidden from those who only listen.
        case anybody
    }

    /// The client's end.
    ///
    /// - Parameter trust: Whom it believes.
    /// - Throws: ``TLSFailure``.
    package init(trusting trust: Trust) throws(TLSFailure) {
        guard let pointer = SSL_CTX_new(TLS_client_method()) else {
            throw TLSFailure(description: "TLS cannot be set up: \(Self.lastError)")
        }
        self.pointer = pointer
        ERR_clear_error()
        let isVerifying = trust == .certified
        SSL_CTX_set_verify(pointer, isVerifying ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        guard clibssl_set_oldest_version(pointer) == 1,
            !isVerifying || SSL_CTX_set_default_verify_paths(pointer) == 1
        else {
            throw TLSFailure(description: "TLS cannot be set up: \(Self.lastError)")
        }
    }

    deinit { SSL_CTX_free(self.pointer) }

    /// What libssl says went wrong last on this thread; the queue is empty afterwards.
    static var lastError: String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return "unknown error" }
        if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return text.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}
