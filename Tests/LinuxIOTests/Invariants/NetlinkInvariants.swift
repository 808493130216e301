import SystemPackage

@testable import LinuxIO

/// What a reader of netlink promises and an input made it break.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
}

/// Checks a promise.
///
/// - Throws: ``BrokenPromise`` when it doesn't hold.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws(BrokenPromise) {
    guard holds else { throw BrokenPromise(description: promise()) }
}

/// Reads octets as a datagram of the kernel in every way there is; may not trap.
///
/// The fuzzer and the test with random octets share it.
///
/// - Throws: ``BrokenPromise`` when what was read contradicts the input or itself.
func checkNetlink(_ input: [UInt8]) throws(BrokenPromise) {
    let replies = NetlinkReply.messages(in: input)
    try checkSplitting(of: input, into: replies)
    for reply in replies {
        for fixedLength in [0, 12, 16] { try checkAttributes(in: reply.body.dropFirst(fixedLength)) }
        try checkError(reply)
        try checkReaders(reply)
    }
}

private func checkSplitting(of input: [UInt8], into replies: [NetlinkReply]) throws(BrokenPromise) {
    var end = 0
    for reply in replies {
        let start = reply.body.startIndex - 16
        try require(start == end, "a message begins where the one before ends, at a multiple of four")
        try require(reply.body.endIndex <= input.count, "a message lies in the datagram")
        try require(
            hostNumber(input[start...], 4) == 16 + reply.body.count,
            "a message is as long as it says"
        )
        try require(hostNumber(input[(start + 4)...], 2) == reply.type, "the type is the header's")
        try require(hostNumber(input[(start + 6)...], 2) == reply.flags, "the flags are the header's")
        try require(hostNumber(input[(start + 8)...], 4) == reply.sequence, "the number is the header's")
        end = start + 16 + (reply.body.count + 3) / 4 * 4
    }
    let rest = input.dropFirst(end)
    let said = rest.count < 16 ? 0 : hostNumber(rest, 4)
    try require(said < 16 || said > rest.count, "no whole message is left out")
}

private func checkAttributes(in octets: ArraySlice<UInt8>) throws(BrokenPromise) {
    let attributes = NetlinkReply.attributes(in: octets)
    var written: [UInt8] = []
    for (type, value) in attributes {
        try require(octets.startIndex + 4 <= value.startIndex, "a value has a header in front")
        try require(value.endIndex <= octets.endIndex, "a value lies in the message")
        let head = octets[(value.startIndex - 4)...]
        try require(hostNumber(head, 2) == 4 + value.count, "a value is as long as its header says")
        try require(
            hostNumber(head.dropFirst(2), 2) & 0x3fff == type,
            "a type is the header's, without flags"
        )
        written += head.prefix(4 + value.count)
        written += [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }
    let again = NetlinkReply.attributes(in: written[...])
    try require(again == attributes, "what was read says the same when it is written again")
}

private func checkError(_ reply: NetlinkReply) throws(BrokenPromise) {
    let isError = reply.type == 2 && reply.body.count >= 4
    try require((reply.errno != nil) == isError, "an error is one of type 2 that has a number")
    if let errno = reply.errno {
        let number = UInt32(truncatingIfNeeded: hostNumber(reply.body, 4))
        try require(UInt32(bitPattern: errno.rawValue) &+ number == 0, "the kernel's numbers are negative")
    }
    guard let words = reply.explanation else { return }
    try require(
        isError && reply.flags & 0x200 != 0,
        "an explanation belongs to an error that says it has one"
    )
    try require(!words.utf8.contains(0), "an explanation ends with its first zero")
    // What is no UTF-8 becomes U+FFFD, three octets.
    try require(words.utf8.count <= 3 * reply.body.count, "an explanation is part of the message")
}

/// An integer of so many octets in the machine's order.
func hostNumber(_ octets: ArraySlice<UInt8>, _ count: Int) -> Int {
    let isLittleEndian = UInt16(1).littleEndian == 1
    let first = octets.prefix(count)
    return (isLittleEndian ? first.reversed() : Array(first)).reduce(0) { $0 << 8 | Int($1) }
}
