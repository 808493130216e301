/// The octets that hexadecimal digits stand for; blanks between them are for the reader.
package func octets(_ hexadecimal: String) -> [UInt8] {
    let nibbles = hexadecimal.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    return stride(from: 0, to: nibbles.count - 1, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
}
