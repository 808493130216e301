import LinuxIO

/// What the log says when the host's packets do not go through a tunnel that works.
struct HostAdvice: Sendable {
    /// The tunnel's device.
    let device: String

    /// The preference of its default route, lower first.
    let metric: UInt32

    /// One line about the route that packets take instead, and what to do.
    func line(about detour: IPv6RouteEntry) -> String {
        let other = detour.interface.map(NetworkDevice.name(ofIndex:))
        return
            "the tunnel works, but this host's IPv6 traffic does not go through \(self.device): \(detour) stands before "
            + "the tunnel's default route (metric \(self.metric)). If that way leads to the internet, all is well "
            + "(--no-default-route keeps this quiet); if not, \(Self.mend(detour, other))"
    }

    private static func mend(_ detour: IPv6RouteEntry, _ other: String?) -> String {
        guard let other else { return "remove it (ip -6 route del)" }
        let via = detour.gateway.map { " via \($0)" } ?? ""
        let destination = detour.isDefault ? "default" : "\(detour.destination)"
        let removal = "ip -6 route del \(destination)\(via) dev \(other)"
        guard detour.isAdvertised else { return "remove it: \(removal)" }
        let setting = Sysctl.Name.acceptsAdvertisedDefaultRoutes(on: other)
        return "have router advertisements on \(other) give none: sysctl -w \(setting)=0 and \(removal)"
    }
}
