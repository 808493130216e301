internal import ArgumentParser
internal import Foundation
internal import Wire

/// Where people find the pages, for links and texts that name them.
struct WebOptions: ParsableArguments {
    @Option(
        help: "Where people find the pages, such as https://tunnels.example.net; defaults to $SIXXS_WEB_URL.",
        transform: { try WebURL(parsing: $0) }
    )
    var webUrl: WebURL?

    /// - Throws: `ValidationError` for a variable that is none.
    func url() throws -> WebURL? {
        if let url = self.webUrl { return url }
        guard let text = ProcessInfo.processInfo.environment["SIXXS_WEB_URL"] else { return nil }
        do { return try WebURL(parsing: text) } catch { throw ValidationError("SIXXS_WEB_URL: \(error)") }
    }
}
