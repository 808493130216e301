import Wire

/// What comes from browsers: targets, forms, headers.
func checkHTTP(_ input: [UInt8]) throws(BrokenInvariant) {
    let text = String(decoding: input, as: UTF8.self)
    if let target = try? RequestTarget(parsing: text) {
        try require(
            (try? RequestTarget(parsing: target.description)) == target,
            "a target is read as it is written"
        )
        try require(target.path.allSatisfy { !$0.utf8.contains(0) }, "no segment has a NUL")
    }
    if let fields = try? FormFields(parsing: text) {
        try require(
            (try? FormFields(parsing: fields.description)) == fields,
            "a form is read as it is written"
        )
        try require(fields.names.count <= FormFields.most, "a form has an end")
        try require(Set(fields.names).count == fields.names.count, "a field comes once")
    }
    let encoded = PercentEncoding.encode(text)
    for plus in [PercentEncoding.Plus.plus, .blank] where !input.contains(0) {
        try require(PercentEncoding.decode(encoded, plus: plus) == text, "what is encoded is decoded")
    }
    let accepted = AcceptedMedia(parsing: text)
    let types = ["text/html", "application/json", "image/svg+xml"]
    for type in types {
        try require((0...1000).contains(accepted.quality(of: type)), "a quality is one of thousandths")
    }
    try require(accepted.preferred(of: types).map(types.contains) == true, "one is preferred")
    if let cookie = HTTPHeaderText.cookie("session", in: text) {
        try require(!cookie.utf8.contains(UInt8(ascii: ";")), "a cookie ends before the next")
        try require(
            HTTPHeaderText.cookie("session", in: "a=b; session=\(cookie); session=c") == cookie,
            "a cookie is read as it is sent"
        )
    }
    if let url = try? WebURL(parsing: text) {
        try require((try? WebURL(parsing: url.description)) == url, "an address is read as it is written")
        try require(
            url.link("x").utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") },
            "a link leads to the host alone"
        )
    }
    if let credentials = BasicCredentials(parsing: text) {
        try require(!credentials.user.utf8.contains(UInt8(ascii: ":")), "a name ends before the colon")
    }
    _ = BasicCredentials(parsing: "Basic \(text)")
    let proxies: Set = [IPAddress.ipv4(IPv4Address(192, 0, 2, 1))]
    let client = HTTPHeaderText.forwardedClient(in: [text], proxies: proxies)
    try require(client.map { !proxies.contains($0) } ?? true, "a proxy of ours is no client")
    if HTTPHeaderText.isHost(text) {
        try require(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a host's name is plain")
    }
}
