internal import Wire

/// What decisions about packets are made from, and nothing else.
///
/// Apart from the engine because of its size: where the engine itself is lent to a function that doesn't change it,
/// the compiler copies all of it to the stack, counters included, for each packet. These few words stay in
/// registers.
struct Forwarder: ~Copyable {
    var plan: AddressPlan
    var pathMTU: PathMTUMode
    let tunnels = TunnelTable(repeating: TunnelState())
    /// What verdicts read of the tunnels.
    let entries = TunnelTable(repeating: ForwardingEntry())
    /// Where decisions about traced tunnels are written down.
    let decisionLog = DecisionLog()

    init(_ configuration: EngineConfiguration) {
        self.plan = configuration.plan
        self.pathMTU = configuration.pathMTU
    }
}
