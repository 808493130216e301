internal import CLibSSL

/// One end of TLS on one connection, between octets in memory: no input and no output.
package final class TLSSession {
    /// How a step ended.
    package enum Outcome: Hashable {
        /// More must come before anything else happens.
        case wantsMore
        /// The other side has ended its half properly.
        case ended
        /// Nothing can be made of what came.
        case failed
    }

    /// What came of octets.
    package struct Received {
        package internal(set) var octets: [UInt8] = []
        package internal(set) var outcome = Outcome.wantsMore
    }

    /// Octets that are read or written at a time: a record of TLS has no more.
    private static let recordLength = 16384

    private let session: OpaquePointer

    /// Encrypted octets from the other side; the session frees it.
    private let input: OpaquePointer

    /// Encrypted octets to the other side; the session frees it.
    private let output: OpaquePointer

    /// Whether the handshake is done.
    package private(set) var isEstablished = false

    /// Creates one that waits for the client's first octets.
    ///
    /// - Throws: ``TLSFailure`` when there is no memory.
    package convenience init(_ context: TLSContext) throws(TLSFailure) {
        try self.init(over: context)
        SSL_set_accept_state(self.session)
    }

    /// Creates a client's end, which begins when it is given octets, or none.
    ///
    /// - Parameters:
    ///   - context: A client's.
    ///   - host: The server's name or address, which its certificate must have if it is looked at.
    /// - Throws: ``TLSFailure``.
    package convenience init(_ context: TLSContext, toward host: String) throws(TLSFailure) {
        try self.init(over: context)
        SSL_set_connect_state(self.session)
        ERR_clear_error()
        let parameters = SSL_get0_param(self.session)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        guard SSL_set1_host(self.session, host) == 1, clibssl_ask_for(self.session, host) == 1 else {
            throw TLSFailure(description: "TLS cannot begin: \(TLSContext.lastError)")
        }
    }

    private init(over context: TLSContext) throws(TLSFailure) {
        let session = SSL_new(context.pointer)
        let (input, output) = (BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        guard let session, let input, let output else {
            SSL_free(session)
            BIO_free(input)
            BIO_free(output)
            throw TLSFailure(description: "TLS cannot begin: \(TLSContext.lastError)")
        }
        SSL_set_bio(session, input, output)
        (self.session, self.input, self.output) = (session, input, output)
    }

    deinit { SSL_free(self.session) }

    /// Takes encrypted octets, and gives what they say.
    package func receive(_ octets: [UInt8]) -> Received {
        var received = Received()
        guard octets.isEmpty || BIO_write(self.input, octets, CInt(octets.count)) == octets.count else {
            received.outcome = .failed
            return received
        }
        if !self.isEstablished {
            ERR_clear_error()
            let result = SSL_do_handshake(self.session)
            guard result == 1 else {
                received.outcome = self.outcome(of: result)
                return received
            }
            self.isEstablished = true
        }
        var buffer = [UInt8](repeating: 0, count: Self.recordLength)
        while true {
            ERR_clear_error()
            let count = SSL_read(self.session, &buffer, CInt(buffer.count))
            guard count > 0 else {
                received.outcome = self.outcome(of: count)
                return received
            }
            received.octets += buffer.prefix(Int(count))
        }
    }

    /// Why the other side's certificate is not believed; nil when it is, or was not looked at.
    package var distrust: String? {
        let code = SSL_get_verify_result(self.session)
        guard code != X509_V_OK, let text = X509_verify_cert_error_string(code) else { return nil }
        return String(cString: text)
    }

    /// Encrypts octets; whether that went well.
    package func send(_ octets: [UInt8]) -> Bool {
        guard !octets.isEmpty else { return true }
        ERR_clear_error()
        return SSL_write(self.session, octets, CInt(octets.count)) == octets.count
    }

    /// Tells the other side that nothing more comes.
    package func end() {
        guard self.isEstablished else { return }
        ERR_clear_error()
        SSL_shutdown(self.session)
    }

    /// Encrypted octets that are to be sent now.
    package func takeOutput() -> [UInt8] {
        let count = BIO_ctrl_pending(self.output)
        guard count > 0 else { return [] }
        var octets = [UInt8](repeating: 0, count: count)
        let taken = BIO_read(self.output, &octets, CInt(octets.count))
        return Array(octets.prefix(max(0, Int(taken))))
    }

    private func outcome(of result: CInt) -> Outcome {
        switch SSL_get_error(self.session, result) {
        case SSL_ERROR_WANT_READ: .wantsMore
        case SSL_ERROR_ZERO_RETURN: .ended
        default: .failed
        }
    }
}
