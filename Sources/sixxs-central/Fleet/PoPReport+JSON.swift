internal import Foundation
internal import Wire

extension PoPReport {
    /// Decodes what `pop report` answered.
    init(json: String) throws {
        self = try JSONDecoder().decode(PoPReport.self, from: Data(json.utf8))
    }
}
