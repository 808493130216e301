import Wire

/// Carries out the commands that say which addresses may speak to the control port.
struct AccessCommands: Sendable {
    let context: CommandContext

    /// Lets an address or block in, or lets it in no more.
    ///
    /// - Throws: ``CommandRefusal`` when the host itself would be locked out, and nobody said that it is meant.
    func change(_ path: String, _ words: inout Words) async throws -> ControlReply {
        let block = try words.next(expecting: "an address or a block") { text throws(SyntaxError) in
            try AddressBlock(parsing: text)
        }
        let isForced = words.peek?.isKeyword("force") == true
        if isForced { _ = words.next() }
        try words.end()
        let isAdded = path == "pop cliacl add"
        let command = isAdded ? ConfigurationCommand.addToACL(block) : .removeFromACL(block)
        try await self.context.controller.perform { configuration in
            let before = self.letsHostIn(configuration.pop.controlACL)
            configuration.apply(command)
            guard before, !isForced, !self.letsHostIn(configuration.pop.controlACL) else { return }
            throw self.lockOut
        }
        return ControlReply(200, "OK")
    }

    /// Whether the host itself may speak over TCP, and so the centre through SSH.
    private func letsHostIn(_ list: [AddressBlock]) -> Bool {
        guard let loopback = self.context.loopback else { return true }
        return list.isEmpty || list.contains { $0.contains(loopback) }
    }

    private var lockOut: CommandRefusal {
        let address = self.context.loopback.map { "\($0)" } ?? ""
        return CommandRefusal(
            425,
            "refused, since it locks out this host itself, and the centre: pop cliacl add \(address) first, "
                + "or add 'force' after the address if that is meant"
        )
    }
}
