/// How far a sender's clock may be off either way.
public enum ClockSkew {
    /// In seconds (draft-massar-v6ops-ayiya-02 §4).
    public static let allowed: Int64 = 120

    /// Whether a sender whose clock is some seconds ahead may be heard.
    public static func allows(_ seconds: Int64) -> Bool { seconds.magnitude <= UInt64(Self.allowed) }
}
