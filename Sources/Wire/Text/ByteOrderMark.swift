extension Array<UInt8> {
    /// The octets of a text without the byte order mark that some programs write before it (RFC 3629 6).
    public var withoutByteOrderMark: ArraySlice<UInt8> {
        self.starts(with: [0xef, 0xbb, 0xbf]) ? self.dropFirst(3) : self[...]
    }

    /// Whether they begin as a text in UTF-16 does.
    public var hasUTF16Mark: Bool { self.starts(with: [0xff, 0xfe]) || self.starts(with: [0xfe, 0xff]) }
}
