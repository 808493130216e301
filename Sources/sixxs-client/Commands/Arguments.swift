public import ArgumentParser
public import Logging
public import Wire

extension IPv4Address: ExpressibleByArgument {
    /// Parses an address given as an argument.
    public init?(argument: String) {
        guard let address = try? IPv4Address(parsing: argument) else { return nil }
        self = address
    }
}

extension IPv6Address: ExpressibleByArgument {
    /// Parses an address given as an argument.
    public init?(argument: String) {
        guard let address = try? IPv6Address(parsing: argument) else { return nil }
        self = address
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

extension Offloads: ExpressibleByArgument {}
