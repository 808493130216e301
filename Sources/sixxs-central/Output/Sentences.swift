internal import Streams

/// Sentences that several commands say.
enum Sentences {
    /// How a change reaches the PoPs that it concerns.
    static func learnt(by count: Int = 1) -> PrintedText {
        count == 1 ? "its PoP gets it with the next push" : "their PoPs get it with the next push"
    }
}
