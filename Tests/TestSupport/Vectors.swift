internal import Foundation
internal import Testing

/// A file of vectors that were made by other programs than this one.
package struct Vectors<Case: Decodable & Sendable>: Decodable, Sendable {
    package let cases: [Case]

    /// Loads `Fixtures/<name>.json`; a file that cannot be read is an issue and has no cases.
    package static func load(_ name: String) -> [Case] {
        do {
            let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures")
            let data = try Data(contentsOf: folder.appending(path: "\(name).json"))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Self.self, from: data).cases
        } catch {
            Issue.record("\(name).json: \(error)")
            return []
        }
    }
}

/// Octets that a vector writes in hexadecimal.
package struct HexadecimalOctets: Decodable, Sendable {
    package let octets: [UInt8]

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self.octets = TestSupport.octets(text)
        guard self.octets.count * 2 == text.utf8.count else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not hexadecimal")
            )
        }
    }
}
