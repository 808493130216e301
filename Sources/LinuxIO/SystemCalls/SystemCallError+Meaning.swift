internal import SystemPackage

extension SystemCallError {
    /// Whether what was to be made is there already.
    public var isAlreadyThere: Bool { self.errno == .fileExists }

    /// Whether what was to be removed is not there.
    public var isGoneAlready: Bool { self.errno == .noSuchProcess || self.errno == .noSuchFileOrDirectory }

    /// Whether the far host said that nothing there takes what a connected socket sends.
    public var isRefusal: Bool { self.errno == .connectionRefused || self.errno == .protocolNotAvailable }

    /// Whether sending failed for one packet only, so that the socket is as good as before: no room, too long,
    /// forbidden by a packet filter, or refused by the far host.
    public var concernsOnePacket: Bool {
        switch self.errno {
        case .resourceTemporarilyUnavailable, .noBufferSpace, .messageTooLong, .notPermitted,
            .permissionDenied:
            true
        default: self.isRefusal
        }
    }
}
