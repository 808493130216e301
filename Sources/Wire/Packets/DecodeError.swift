/// Why a sequence of octets is not the packet it was taken for.
///
/// The cases are exhaustive on purpose: Core maps each to a drop reason, and the compiler names every
/// place to change when a case is added.
public enum DecodeError: Error, Hashable, Sendable {
    /// The buffer ends before the header or the length it declares. Lengths are in octets.
    case truncated(needed: Int, available: Int)

    /// The version nibble is not the one this decoder reads.
    case unsupportedVersion(UInt8)

    /// A field holds a value the specification forbids or this decoder does not speak.
    case invalidField(Field)

    /// The checksum does not match the octets it covers.
    case wrongChecksum

    /// The fields that ``invalidField(_:)`` can name.
    public enum Field: String, Hashable, Sendable {
        case headerLength
        case totalLength
        case identityLength
        case identityType
        case signatureLength
        case hashMethod
        case authenticationMethod
        case opcode
        case nextHeader
        case reservedFlags
        case protocolType
        case messageType
        case segmentation
    }
}
