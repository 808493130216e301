/// Answers requests.
package protocol Responder: Sendable {
    func respond(to request: Request) async -> Response
}
