public import Wire

extension TID {
    /// All of them.
    public static let all = (0..<UInt16(TID.capacity)).compactMap { TID(rawValue: $0) }
}
