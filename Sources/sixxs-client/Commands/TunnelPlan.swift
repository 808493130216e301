import Wire

/// Settings that are enough to set up a tunnel with.
struct TunnelPlan: Sendable {
    let type: ClientSettings.TunnelType
    let pop: PoPHost
    let identity: IPv6Address
    let settings: ClientSettings

    /// Looks whether all is there and fits together.
    ///
    /// - Throws: ``StartError`` that says what is missing, or what doesn't fit.
    init(_ settings: ClientSettings) throws(StartError) {
        guard let type = settings.type else {
            throw StartError(
                description:
                    "no tunnel type is set: add a line \"type ayiya\" (or heartbeat, or 6in4) to the file"
            )
        }
        guard let pop = settings.pop else {
            throw StartError(
                description: "no PoP is set: give --pop HOST, or a line \"pop HOST\" in the file"
            )
        }
        guard let identity = settings.identity else {
            throw StartError(
                description: "your address inside the tunnel is not set: give --identity IPV6 "
                    + "(sixxs-central tunnel show prints it), or a line \"identity IPV6\" in the file"
            )
        }
        guard type == .sixInFour || settings.password != nil else {
            throw StartError(
                description: "the tunnel's password is not set: give --password-file FILE, "
                    + "or a line \"password-file FILE\" in the file"
            )
        }
        try Self.checkFamilies(type, pop, settings.local)
        self.type = type
        self.pop = pop
        self.identity = identity
        self.settings = settings
    }

    private static func checkFamilies(
        _ type: ClientSettings.TunnelType,
        _ pop: PoPHost,
        _ local: IPAddress?
    ) throws(StartError) {
        guard case .address(let address) = pop else { return }
        if type == .heartbeat, case .ipv6 = address {
            throw StartError(
                description:
                    "a heartbeat tunnel reaches its PoP over IPv4 only, and \(address) is an IPv6 address: "
                    + "give the PoP's IPv4 address, or take an ayiya tunnel"
            )
        }
        if let local, !local.isOfSameFamily(as: address) {
            throw StartError(
                description: "--local \(local) can't reach \(address): both must be IPv4, or both IPv6"
            )
        }
    }
}
