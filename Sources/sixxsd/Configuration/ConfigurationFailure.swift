import LinuxIO
import Wire

/// Why a change was not made.
enum ConfigurationFailure: Error {
    /// The new configuration breaks a rule.
    case conflict(Configuration.Conflict)
    /// It could not be saved.
    case notSaved(SystemCallError)
    /// The daemon ends, and the disk has not answered.
    case ending
    /// The generation is not one that waits to be confirmed.
    case nothingToConfirm(generation: Int)
    /// It takes more tunnels away than is plausible, and nobody said that it is meant.
    case tooManyLosses(Int, of: Int)
    /// It gives all tunnels other addresses, and nobody said that it is meant.
    case renumbers(Int)
    /// It is older than what runs, and another one.
    case older(generation: Int, running: Int)
    /// A patch was made for another configuration than the one that runs.
    case otherBase(running: String)
    /// A patch makes something else of what runs than whoever sent it thinks.
    case otherResult(String)
    /// A patch came while a push waits to be confirmed.
    case onTrial(generation: Int)
    /// It is what runs already.
    case unchanged
    /// There is nothing in the file.
    case empty
    /// There is nothing in the file that a daemon starts from, and the one before it served tunnels.
    case emptyAtStart(sessions: Int, stateFile: String)
}

extension ConfigurationFailure {
    /// Whether saying that it is meant makes it pass.
    var canBeForced: Bool {
        switch self {
        case .tooManyLosses, .renumbers, .older, .empty: true
        case .conflict, .notSaved, .ending, .nothingToConfirm, .otherBase, .otherResult, .onTrial,
            .unchanged, .emptyAtStart:
            false
        }
    }
}

extension ConfigurationFailure: CustomStringConvertible {
    /// A clause for people.
    var description: String {
        switch self {
        case .conflict(let conflict): "\(conflict)"
        case .notSaved(let error): "refused, since it could not be saved: \(error)"
        case .ending: "refused, since the daemon ends before it could be saved"
        case .nothingToConfirm(let generation): "generation \(generation) is not waiting for confirmation"
        case .tooManyLosses(let losses, let count):
            "refused, since it removes or disables \(losses) of \(count.counted("tunnel")): say force if that is meant"
        case .renumbers(let count):
            "refused, since another tunnelprefix renumbers all \(count.counted("tunnel")): say force if that is meant"
        case .older(let generation, let running):
            "refused, since generation \(running) runs, which is newer than \(generation): say force if that is meant"
        case .otherBase(let digest):
            "refused, since it was made for another configuration: sha256 \(digest) runs; push the whole text"
        case .otherResult(let digest): "refused, since it leads to sha256 \(digest): push the whole text"
        case .onTrial(let generation):
            "refused, since generation \(generation) is on trial: try again when it is confirmed or rolled back"
        case .unchanged: "nothing to change"
        case .empty: "refused, since there is nothing in the file: say force if that is meant"
        case .emptyAtStart(let sessions, let path):
            "there is nothing in it, and the daemon before left \(sessions.counted("session")): "
                + "bring its content back, or remove \(path) if that is meant"
        }
    }
}
