import LinuxIO

/// What the log says when the host's packets do not go through a tunnel that works.
struct HostAdvice: Sendable {
    /// The tunnel's device.
    let device: String

    /// The preference of its default route, lower first.
    let metric: UInt32

    /// One line about what becomes of packets instead, and what to do.
    func line(about detour: Detour) -> String {
        let beginning = "the tunnel works, but this host's IPv6 traffic does not go through \(self.device): "
        switch detour {
        case .nowhere:
            return beginning
                + "a route or a rule refuses it (ip -6 rule, ip -6 route show table all): remove that"
        case .route(let route):
            let rank = "\(route) stands before the tunnel's default route (metric \(self.metric)). "
            return beginning + rank + "If that way leads to the internet, all is well "
                + "(--no-default-route keeps this quiet); if not, \(Self.mend(route))"
        }
    }

    private static func mend(_ route: IPv6RouteEntry) -> String {
        let destination = route.isDefault ? "default" : "\(route.destination)"
        let table = route.isInMainTable ? "" : " in the table that a rule leads to (ip -6 rule)"
        guard let interface = route.interface else {
            return "remove it\(table): ip -6 route del \(destination)"
        }
        let other = NetworkDevice.name(ofIndex: interface)
        let via = route.gateway.map { " via \($0)" } ?? ""
        let removal = "ip -6 route del \(destination)\(via) dev \(other)"
        guard route.isAdvertised else { return "remove it\(table): \(removal)" }
        let setting = Sysctl.Name.acceptsAdvertisedDefaultRoutes(on: other)
        return "have router advertisements on \(other) give none: sysctl -w \(setting)=0 and \(removal)"
    }
}
