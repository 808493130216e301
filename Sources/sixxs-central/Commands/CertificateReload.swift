internal import Logging
internal import ServiceLifecycle
internal import TLS
internal import UnixSignals

/// Reads a certificate again at each SIGHUP, as the programs that renew certificates send it.
struct CertificateReload: Service {
    private let certificate: TLSCertificate
    private let logger: Logger

    private let hangups: UnixSignalsSequence

    /// Begins to listen for the signal, which would end the program otherwise.
    init(of certificate: TLSCertificate, _ logger: Logger) async {
        self.certificate = certificate
        self.logger = logger
        self.hangups = await UnixSignalsSequence(trapping: .sighup)
    }

    func run() async throws {
        for await _ in self.hangups.cancelOnGracefulShutdown() {
            do throws(TLSFailure) {
                try self.certificate.reload()
                self.logger.notice("the certificate was read again")
            } catch {
                self.logger.error("the certificate read before stays: \(error)")
            }
        }
    }
}
