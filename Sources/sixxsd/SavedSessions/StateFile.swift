import Core
import LinuxIO
import SystemPackage
import Wire

/// The file beside the configuration that sessions outlive a restart in.
struct StateFile: Sendable {
    /// Why a file is left alone.
    enum Refusal: Error, CustomStringConvertible {
        case unreadable(SystemCallError)
        case unusable(SavedState.Failure)
        case otherPoP(PoPDetails)
        case future(seconds: Int64)

        /// A clause for people.
        var description: String {
            switch self {
            case .unreadable(let error): "\(error)"
            case .unusable(let failure): "\(failure)"
            case .otherPoP(let pop): "it is of PoP \(pop.id), \(pop.name), \(pop.ipv4), \(pop.ipv6)"
            case .future(let seconds):
                "it was written \(seconds) s after the present time of this host's clock"
            }
        }
    }

    /// How far a clock may step back at a restart without a word, in seconds: times are written in whole seconds.
    private static let tolerance: Int64 = 1

    let path: String

    /// The file that belongs to a configuration: `sixxsd.state` beside `sixxsd.conf`.
    init(besideConfiguration path: String) {
        let suffix = ".conf"
        self.path = (path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path) + ".state"
    }

    init(path: String) { self.path = path }

    /// Reads what the daemon before wrote down.
    ///
    /// - Parameters:
    ///   - pop: Which PoP this is.
    ///   - now: Seconds since 1970.
    /// - Returns: Nil when there is no file.
    /// - Throws: ``Refusal`` with why nothing can be gone on with.
    func load(for pop: PoPDetails?, at now: Int64) throws(Refusal) -> SavedState? {
        let octets: [UInt8]
        do throws(SystemCallError) {
            octets = try FileContents(of: self.path, limit: SavedState.maximumLength).octets
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw .unreadable(error)
        }
        let state: SavedState
        do throws(SavedState.Failure) { state = try SavedState(parsing: octets) } catch {
            throw .unusable(error)
        }
        guard state.pop == pop else { throw .otherPoP(state.pop) }
        let lead = state.writtenAt.subtractingReportingOverflow(now).partialValue
        guard lead <= Self.tolerance else { throw .future(seconds: lead) }
        return state
    }

    /// How many sessions it holds, of whichever PoP; none when it can't be read.
    var sessionCount: Int {
        guard let octets = try? FileContents(of: self.path, limit: SavedState.maximumLength).octets,
            let state = try? SavedState(parsing: octets)
        else { return 0 }
        return state.sessions.count
    }

    /// Replaces the file.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` with the step that failed.
    func save(_ state: SavedState) throws(SystemCallError) {
        try AtomicFile.write(state.text, to: self.path, mode: 0o600)
    }
}
