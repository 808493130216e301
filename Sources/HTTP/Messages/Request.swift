package import Wire

/// A request that came whole.
package struct Request: Sendable {
    /// `GET`, `HEAD`, `POST`, in capitals as it came.
    package let method: String
    package let target: RequestTarget

    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// Who asks; nil behind a UNIX socket.
    package let client: IPAddress?

    package init(
        method: String,
        target: RequestTarget,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        client: IPAddress? = nil
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.client = client
    }

    /// The value of a header whose name is given in lower case, of several the first.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name == name }?.value
    }

    /// The value of a cookie.
    package func cookie(_ name: String) -> String? {
        for header in self.headers where header.name == "cookie" {
            if let value = HTTPHeaderText.cookie(name, in: header.value) { return value }
        }
        return nil
    }

    /// The fields of a form that was sent.
    ///
    /// - Throws: ``Refusal`` when what was sent is no form.
    package func form() throws(Refusal) -> FormFields {
        let type = self.header("content-type")?.prefix { $0 != ";" }.lowercased() ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded"),
            let text = String(validating: self.body, as: UTF8.self)
        else { throw Refusal(.badRequest, "a form was expected") }
        do { return try FormFields(parsing: text) } catch {
            throw Refusal(.badRequest, "\(error)")
        }
    }
}
