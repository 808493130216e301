package import Foundation

/// The right to do something that only one centre may do at a time.
package struct Lease: Hashable, Sendable {
    /// What it is for.
    package enum Purpose: String, Sendable {
        /// Making the rounds.
        case serve

        /// One round, or a push by hand.
        case round
    }

    package let purpose: Purpose

    /// Who wants it, as others read it; no two processes have the same.
    package let holder: String

    init(_ purpose: Purpose, of what: String) {
        let process = ProcessInfo.processInfo
        let salt = String(UInt32.random(in: .min ... .max), radix: 16)
        self.purpose = purpose
        self.holder = "\(what) on \(process.hostName), process \(process.processIdentifier) (\(salt))"
    }
}

/// A lease under which something is done: what is written then is refused once another holder had it.
///
/// A program that was stopped in the middle, or whose clock stood, does not know that its lease is over. The term grows
/// with each holder, and each write of a round checks it in its own transaction.
struct LeaseFence: Hashable, Sendable {
    let lease: Lease
    let term: Int64

    /// Those of the present task.
    @TaskLocal static var held: [LeaseFence] = []
}

/// Somebody else who has a lease.
package struct LeaseHolder: Hashable, Sendable {
    package let name: String
    package let until: Date
}
