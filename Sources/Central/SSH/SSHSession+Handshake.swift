internal import CLibSSH
internal import Foundation
internal import Wire

extension SSHSession {
    /// Exchanges keys; afterwards the server's key is known.
    ///
    /// - Throws: ``ConnectionFailure/handshake(reason:)``, ``ConnectionFailure/connectionLost(_:reason:)`` or what
    ///   the clock throws.
    func exchangeKeys(_ clock: StepClock) throws(ConnectionFailure) {
        let code = try self.complete(clock, again: SSH_AGAIN) { ssh_connect(self.handle) }
        guard code != SSH_OK else { return }
        throw self.isAlive ? .handshake(reason: self.errorText) : self.handshakeFailure
    }

    private var handshakeFailure: ConnectionFailure {
        let text = self.errorText
        let isCut = text.contains("Socket error") || text.contains("closed by remote") || text.isEmpty
        return isCut ? self.lost(.keyExchange) : .handshake(reason: text)
    }

    /// The key that the server proved to have.
    func serverKey() throws(ConnectionFailure) -> HostKey {
        var key: ssh_key?
        guard ssh_get_server_publickey(self.handle, &key) == SSH_OK, let key else {
            throw .handshake(reason: "the server showed no host key: is it sshd that listens there?")
        }
        defer { ssh_key_free(key) }
        var base64: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK, let base64 else {
            throw .handshake(reason: "the server's host key cannot be written down")
        }
        defer { ssh_string_free_char(base64) }
        do {
            return try HostKey(blob: String(cString: base64))
        } catch {
            throw .handshake(reason: "the server's host key: \(error)")
        }
    }

    /// Compares the server's key with the trusted one.
    ///
    /// - Throws: ``ConnectionFailure/hostKeyChanged(trusted:shown:)``.
    func verify(_ trusted: HostKey) throws(ConnectionFailure) {
        var shown: ssh_key?
        guard ssh_get_server_publickey(self.handle, &shown) == SSH_OK, let shown else {
            throw .handshake(reason: "the server showed no host key: is it sshd that listens there?")
        }
        defer { ssh_key_free(shown) }
        var expected: ssh_key?
        let type = ssh_key_type_from_name(trusted.type)
        guard ssh_pki_import_pubkey_base64(trusted.base64, type, &expected) == SSH_OK, let expected else {
            throw .handshake(
                reason:
                    "the trusted host key \(trusted.type) cannot be read: trust it anew (sixxs-central pop trust)"
            )
        }
        defer { ssh_key_free(expected) }
        guard ssh_key_cmp(shown, expected, SSH_KEY_CMP_PUBLIC) == 0 else {
            throw .hostKeyChanged(trusted: trusted.fingerprint, shown: try self.serverKey().fingerprint)
        }
    }

    /// Logs in with a private key from a file; where there is no such file, with what the agent of `SSH_AUTH_SOCK` has.
    ///
    /// - Throws: ``ConnectionFailure/keyUnreadable(path:reason:)``, ``ConnectionFailure/keyRefused(user:path:)``,
    ///   ``ConnectionFailure/moreWanted(user:path:methods:)`` or what the clock throws.
    func authenticate(_ user: String, keyFile: String, _ clock: StepClock) throws(ConnectionFailure) {
        let usesAgent = SSHAgent.isThere && !FileManager.default.fileExists(atPath: keyFile)
        let path = usesAgent ? SSHAgent.name : keyFile
        if usesAgent { try SSHAgent.examine(clock) }
        let code = usesAgent ? try self.askAgent(clock) : try self.showKey(keyFile, clock)
        switch code {
        case SSH_AUTH_SUCCESS.rawValue: return
        case SSH_AUTH_DENIED.rawValue: throw .keyRefused(user: user, path: path)
        case SSH_AUTH_PARTIAL.rawValue:
            throw .moreWanted(user: user, path: path, methods: self.methods)
        default: throw self.lost(.authentication)
        }
    }

    private func showKey(_ path: String, _ clock: StepClock) throws(ConnectionFailure) -> Int32 {
        let key = try Self.privateKey(path)
        defer { ssh_key_free(key) }
        return try self.complete(clock, again: SSH_AUTH_AGAIN.rawValue) {
            ssh_userauth_publickey(self.handle, nil, key)
        }
    }

    private func askAgent(_ clock: StepClock) throws(ConnectionFailure) -> Int32 {
        try self.complete(clock, again: SSH_AUTH_AGAIN.rawValue) { ssh_userauth_agent(self.handle, nil) }
    }

    /// What the server goes on to accept, by the names of RFC 4252.
    private var methods: [String] {
        let list = UInt32(bitPattern: ssh_userauth_list(self.handle, nil))
        let names = [
            (SSH_AUTH_METHOD_PUBLICKEY, "publickey"), (SSH_AUTH_METHOD_PASSWORD, "password"),
            (SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive"), (SSH_AUTH_METHOD_HOSTBASED, "hostbased"),
        ]
        return names.filter { list & UInt32($0.0) != 0 }.map(\.1)
    }

    private static func privateKey(_ path: String) throws(ConnectionFailure) -> ssh_key {
        // libssh says "no such file" about one that it may not read, too, and waits for who opens a pipe.
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .keyUnreadable(path: path, reason: "there is no such file")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .keyUnreadable(path: path, reason: "it is not a regular file")
        }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw .keyUnreadable(path: path, reason: "this user may not read it")
        }
        // A key that others have read is no secret any more: OpenSSH uses none either.
        guard status.st_mode & 0o077 == 0 else {
            throw .keyUnreadable(
                path: path,
                reason: "others can read it: make a new one, or run chmod 600 \(path)"
            )
        }
        var key: ssh_key?
        guard ssh_pki_import_privkey_file(path, nil, nil, nil, &key) == SSH_OK, let key else {
            throw .keyUnreadable(
                path: path,
                reason: "it is not a private key, or it has a passphrase, which a service cannot enter"
            )
        }
        return key
    }
}

extension HostKey {
    /// Takes a key whose type stands in its own encoding only.
    fileprivate init(blob base64: String) throws(SyntaxError) {
        let octets = Data(base64Encoded: base64) ?? Data()
        let length = octets.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let type = String(decoding: octets.dropFirst(4).prefix(length), as: UTF8.self)
        try self.init(parsing: "\(type) \(base64)")
    }

    /// The host key algorithms that a server can prove this key with.
    var algorithms: String { self.type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : self.type }
}
