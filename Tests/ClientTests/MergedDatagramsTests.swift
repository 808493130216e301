import Testing

@testable import sixxs_client

@Suite("Datagrams that came as one message")
struct MergedDatagramsTests {
    // swift-format-ignore
    static let messages: [(length: Int, size: Int?, ranges: [Range<Int>])] = [
        (100, nil, [0..<100]), (0, nil, [0..<0]), (100, 100, [0..<100]), (100, 200, [0..<100]),
        (300, 100, [0..<100, 100..<200, 200..<300]), (201, 100, [0..<100, 100..<200, 200..<201]),
        (0, 100, [0..<0]), (100, 0, [0..<100]),
    ]

    @Test(arguments: messages)
    func comeApart(length: Int, size: Int?, ranges: [Range<Int>]) {
        #expect(Array(MergedDatagrams(length: length, segmentSize: size)) == ranges)
    }
}
