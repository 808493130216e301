/// What was done with the packet before, on either side.
struct FlowCaches: ~Copyable {
    var uplink = UplinkFlowCache()
    var underlay = UnderlayFlowCache()

    /// Has the next packets be decided on, whatever was decided on those before.
    mutating func forget() {
        self.uplink.forget()
        self.underlay.forget()
    }
}
