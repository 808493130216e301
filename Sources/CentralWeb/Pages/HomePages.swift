internal import Central
internal import HTTP
internal import Wire

/// What a user sees: what is his own.
enum HomePages {
    static func home(_ visitor: Visitor, _ centre: Centre) async throws -> View {
        let user = try visitor.account()
        let tunnels = try await ListTunnels(TunnelFilter(owner: user)).run(in: centre)
        let table = Elements.table(
            "Your tunnels",
            ["Tunnel", "PoP", "Type", "Endpoint", "Your address", "Subnets", "MTU", "State"],
            tunnels.map { tunnel in
                [
                    "\(tunnel.tunnel)", "\(tunnel.pop)", "\(tunnel.type)", "\(tunnel.endpoint ?? "")",
                    "\(tunnel.userAddress ?? "")", "\((tunnel.subnets ?? []).joined(separator: ", "))",
                    "\(tunnel.mtu)", "\(Self.state(of: tunnel))",
                ]
            },
            none: "You have no tunnel."
        )
        return View("Your tunnels", tunnels, table)
    }

    static func state(of tunnel: TunnelDocument) -> String {
        guard tunnel.enabled else { return "disabled by the operators" }
        return tunnel.enabledByUser ? "enabled" : "disabled by you"
    }
}
