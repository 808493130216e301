/// Where the fields of a TCP header stand, and what its flags mean (RFC 9293 §3.1).
public enum TCPHeader {
    /// Length of the header without options, in octets.
    public static let minimumLength = 20

    /// Where the fields stand, in octets from the start of the header.
    public enum Offset {
        /// Two octets.
        public static let sourcePort = 0
        /// Two octets.
        public static let destinationPort = 2
        /// Four octets.
        public static let sequenceNumber = 4
        /// One octet: the header's length in words of 4 octets in the high nibble, reserved bits in the low one.
        public static let dataOffset = 12
        /// One octet.
        public static let flags = 13
        /// Two octets.
        public static let checksum = 16
    }

    /// Control bits.
    public enum Flag {
        /// No more data from the sender.
        public static let fin: UInt8 = 0x01
        /// Push.
        public static let psh: UInt8 = 0x08
        /// The acknowledgement is significant.
        public static let ack: UInt8 = 0x10
        /// ECN echo (RFC 3168).
        public static let ece: UInt8 = 0x40
        /// Congestion window reduced (RFC 3168).
        public static let cwr: UInt8 = 0x80
    }
}
