/// What a decoder promises and an input made it break.
struct BrokenInvariant: Error, CustomStringConvertible {
    let description: String
}

/// Checks a promise.
///
/// - Throws: ``BrokenInvariant`` when it doesn't hold.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws(BrokenInvariant) {
    guard holds else { throw BrokenInvariant(description: promise()) }
}

/// A decoder, with the promises that hold for any octets at all.
///
/// The fuzzer and the test with random octets share them.
enum FuzzTarget: String, CaseIterable, Codable, Sendable {
    case ipv4
    case ipv6
    case udp
    case icmpv4
    case icmpv6
    case gre
    case ayiya
    case heartbeat
    case addresses
    case configuration
    case patch
    case control
    case digest
    case capture
    case offload
    case doubt
    case report
    case state
    case http
    case tic
    case words

    /// Decodes an input in every way that the target knows; may not trap.
    ///
    /// - Throws: ``BrokenInvariant`` when what was decoded contradicts the input or itself.
    func check(_ input: [UInt8]) throws(BrokenInvariant) {
        switch self {
        case .ipv4: try checkIPv4(input)
        case .ipv6: try checkIPv6(input)
        case .udp: try checkUDP(input)
        case .icmpv4: try checkICMPv4(input)
        case .icmpv6: try checkICMPv6(input)
        case .gre: try checkGRE(input)
        case .ayiya: try checkAYIYA(input)
        case .heartbeat: try checkHeartbeat(input)
        case .addresses: try checkAddresses(input)
        case .configuration: try checkConfiguration(input)
        case .patch: try checkPatch(input)
        case .control: try checkControl(input)
        case .digest: try checkDigest(input)
        case .capture: try checkCapture(input)
        case .offload: try checkOffload(input)
        case .doubt: try checkDoubt(input)
        case .report: try checkReport(input)
        case .state: try checkState(input)
        case .http: try checkHTTP(input)
        case .tic: try checkTIC(input)
        case .words: try checkPacketWords(input)
        }
    }
}
