/// What the programs of this repository say of themselves.
public enum Release {
    /// The version of all programs, by Semantic Versioning.
    public static let version = "0.2.0"
}
