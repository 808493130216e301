internal import CLinux
internal import Glibc
internal import SystemPackage

/// What the process may do, and how it gives the rest away.
public enum Privileges {
    /// A capability of capabilities(7).
    public struct Capability: Hashable, Sendable {
        /// Its number.
        public let number: UInt64

        /// Changing interfaces, addresses and routes, and opening TUN devices (`CAP_NET_ADMIN`).
        public static let networkAdministration = Capability(number: UInt64(CAP_NET_ADMIN))

        /// Raw sockets (`CAP_NET_RAW`).
        public static let rawSockets = Capability(number: UInt64(CAP_NET_RAW))

        /// Ports under 1024 (`CAP_NET_BIND_SERVICE`).
        public static let lowPorts = Capability(number: UInt64(CAP_NET_BIND_SERVICE))

        /// Reading and writing files whatever their permissions (`CAP_DAC_OVERRIDE`).
        public static let anyFile = Capability(number: UInt64(CAP_DAC_OVERRIDE))

        /// Giving away for good what could be had back (`CAP_SETPCAP`).
        fileprivate static let ownCapabilities = Capability(number: UInt64(CAP_SETPCAP))
    }

    /// Whether the calling thread has a capability at this moment.
    public static func has(_ capability: Capability) -> Bool {
        var effective: UInt64 = 0
        guard clinux_get_capabilities(&effective) == 0 else { return false }
        return effective & Self.bits([capability]) != 0
    }

    /// Number of the user that the process acts for at this moment.
    public static var user: UInt32 { geteuid() }

    /// Number of the group that files of the process belong to at this moment.
    public static var group: UInt32 { getegid() }

    /// Whether the host knows a user.
    public static func knows(user name: String) -> Bool { (try? Self.identity(of: name)) != nil }

    /// Keeps the process's memory, in which passwords are, out of core dumps and from other processes of its user
    /// (`PR_SET_DUMPABLE`).
    ///
    /// Becoming another user may undo it.
    public static func forbidDumps() { _ = clinux_prctl(PR_SET_DUMPABLE, 0) }

    /// Becomes another user for good and keeps only some capabilities.
    ///
    /// Other supplementary groups are dropped, and nothing given away can be had back: not by starting a program, not by
    /// becoming root again (capabilities(7), "The securebits flags"). To be called before
    /// the process starts threads: Linux keeps capabilities a thread, and a thread that runs already loses all.
    ///
    /// - Parameters:
    ///   - user: Name of the unprivileged user, or nil to stay the same and only give capabilities away.
    ///   - groups: What groups to be in besides the user's own.
    ///   - capabilities: What to keep.
    /// - Throws: ``SystemCallError`` that names the step and the user. Some steps may have been taken.
    public static func drop(
        to user: String?,
        alsoIn groups: [UInt32] = [],
        keeping capabilities: [Capability]
    ) throws(SystemCallError) {
        let identity: (user: uid_t, group: gid_t)? =
            switch user {
            case .some(let name): try Self.identity(of: name)
            case .none: nil
            }
        // Who may not, has not got them to have back: a service manager took them away.
        if Self.has(.ownCapabilities) { try Self.lock() }
        if let identity {
            try Self.become(identity, alsoIn: groups, "switching to user \(user ?? "")")
        } else {
            try Self.join(groups)
        }
        try Self.keepOnly(capabilities)
    }

    /// Empties the set of what any program could gain, and takes its privileges from the number 0 of a user.
    private static func lock() throws(SystemCallError) {
        for number in UInt(0)..<64 where clinux_prctl(PR_CAPBSET_READ, number) == 1 {
            try systemCall("prctl(PR_CAPBSET_DROP)") { clinux_prctl(PR_CAPBSET_DROP, number) }
        }
        try systemCall("prctl(PR_SET_SECUREBITS)") {
            clinux_prctl(PR_SET_SECUREBITS, UInt(CLINUX_SECURE_BITS))
        }
    }

    /// Is in some groups besides those it is in already.
    private static func join(_ groups: [gid_t]) throws(SystemCallError) {
        var present = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = try systemCall("getgroups") { getgroups(CInt(present.count), &present) }
        let own = present.prefix(Int(count)) + [getegid()]
        let missing = groups.filter { !own.contains($0) }
        guard !missing.isEmpty else { return }
        let all = Array(present.prefix(Int(count))) + missing
        try systemCall("setgroups", about: "joining group \(missing[0])") { setgroups(all.count, all) }
    }

    private static func become(
        _ identity: (user: uid_t, group: gid_t),
        alsoIn groups: [gid_t],
        _ subject: String
    ) throws(SystemCallError) {
        // Refused where it is locked, and not needed there: then becoming another user takes nothing.
        _ = clinux_prctl(PR_SET_KEEPCAPS, 1)
        let all = [identity.group] + groups.filter { $0 != identity.group }
        try systemCall("setgroups", about: subject) { setgroups(all.count, all) }
        try systemCall("setgid", about: subject) { setgid(identity.group) }
        try systemCall("setuid", about: subject) { setuid(identity.user) }
        _ = clinux_prctl(PR_SET_KEEPCAPS, 0)
    }

    /// Lets the process pin as much memory as it asks for (`RLIMIT_MEMLOCK`), or as somebody else set its bounds.
    public static func liftPinningLimit() {
        let resource = CInt(__RLIMIT_MEMLOCK.rawValue)
        var limit = rlimit(rlim_cur: .max, rlim_max: .max)
        if setrlimit(resource, &limit) == 0 || getrlimit(resource, &limit) != 0 { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }

    /// Says which permissions files and sockets that are made later do not get, whoever asks for them.
    public static func setFileMask(_ mask: UInt32) {
        _ = umask(mode_t(mask))
    }

    /// Gives all capabilities away but these.
    private static func keepOnly(_ capabilities: [Capability]) throws(SystemCallError) {
        let bits = Self.bits(capabilities)
        try systemCall("capset", about: "keeping only the network capabilities") {
            clinux_set_capabilities(bits, bits, 0)
        }
        try systemCall("prctl(PR_SET_NO_NEW_PRIVS)") { clinux_prctl(PR_SET_NO_NEW_PRIVS, 1) }
    }

    private static func bits(_ capabilities: [Capability]) -> UInt64 {
        capabilities.reduce(0) { $0 | 1 << $1.number }
    }

    private static func identity(of name: String) throws(SystemCallError) -> (user: uid_t, group: gid_t) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        let code = getpwnam_r(name, &entry, &buffer, buffer.count, &found)
        guard code == 0, found != nil else {
            throw SystemCallError(
                call: "getpwnam_r",
                errno: code == 0 ? .noSuchFileOrDirectory : Errno(rawValue: code),
                subject: "user \(name)",
                explanation: "there is no such user on this host"
            )
        }
        return (entry.pw_uid, entry.pw_gid)
    }
}
