internal import Central
internal import HTTP
internal import Logging
internal import TLS
internal import Wire

/// What the connections of one server have in common.
struct TICService: Sendable {
    let rules: TICDialogue.Rules
    let limits: TICLimits
    let registry: ConnectionRegistry
    let delays: LoginDelays
    let handshakes: Handshakes
    let figures: TICFigures
    let logger: Logger

    /// What secures connections; nil where TLS is not offered.
    let certificate: TLSCertificate?

    /// Seconds since 1970.
    let unixTime: @Sendable () -> Int64

    /// Compares a secret.
    let logIn: @Sendable (ClientAccount, LoginProof) async throws -> ClientAccess?

    /// What became of a claim.
    ///
    /// - Returns: What the client may know; nil when it showed no secret of the account.
    /// - Throws: What kept the secret from being compared.
    func judge(_ claim: TICClaim, from client: IPAddress?) async throws -> ClientAccess? {
        let place = client.map { "\($0)" } ?? "an unknown address"
        guard let account = claim.account else {
            self.figures.count(.refused)
            self.logger.info("TIC: a login from \(place) with a name that nobody can have was refused")
            return nil
        }
        let access: ClientAccess?
        do {
            access = try await self.logIn(account, claim.proof)
        } catch is CancellationError {
            // Whoever goes away before the answer has tried all the same.
            self.figures.count(.refused)
            throw CancellationError()
        } catch {
            self.figures.count(.failed)
            self.delays.forgive(client, account)
            self.logger.error("TIC: a login for \(account) failed: \(error)")
            throw error
        }
        guard let access else {
            self.figures.count(.refused)
            self.logger.info("TIC: a login for \(account) from \(place) was refused")
            return nil
        }
        self.figures.count(.accepted)
        self.delays.forgive(client, account)
        self.logger.info("TIC: \(account) logged in from \(place) (\(claim.proof.scheme.rawValue))")
        return access
    }
}
