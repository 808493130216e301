internal import HTTP
internal import Wire

extension Request {
    /// Who asks: the connection's address, or whom a proxy of ours names; nil where nobody says so.
    ///
    /// The proxies are addresses that speak for others, with `X-Forwarded-For`; whoever comes over a UNIX socket does, too.
    func client(behind proxies: Set<IPAddress>) -> IPAddress? {
        if let address = self.client, !proxies.contains(address) { return address }
        let headers = self.headers.filter { $0.name == "x-forwarded-for" }.map(\.value)
        return HTTPHeaderText.forwardedClient(in: headers, proxies: proxies)
    }
}
