internal import Glibc
internal import SystemPackage

/// The users and groups that the host knows (passwd(5), group(5), and whatever nsswitch.conf(5) names).
///
/// Each question may wait for a directory service somewhere else.
public enum AccountDatabase {
    /// A user of the host.
    public struct Account: Hashable, Sendable {
        /// The user's name.
        public let name: String
        /// The user's number.
        public let user: UInt32
        /// The group of the user's own entry.
        public let group: UInt32

        /// Creates an account.
        public init(name: String, user: UInt32, group: UInt32) {
            self.name = name
            self.user = user
            self.group = group
        }
    }

    /// The longest entry that is read, in octets.
    private static let longestEntry = 1 << 20

    /// The most groups of a user that are read (`NGROUPS_MAX`).
    private static let mostGroups: CInt = 65_536

    /// Looks a user up by name; nil when there is none.
    public static func account(named name: String) -> Account? {
        Self.account { getpwnam_r(name, $0, $1, $2, $3) }
    }

    /// Looks a user up by number; nil when there is none.
    public static func account(of user: UInt32) -> Account? {
        Self.account { getpwuid_r(user, $0, $1, $2, $3) }
    }

    /// Number of a group; nil when there is none of that name.
    public static func group(named name: String) -> UInt32? {
        var entry = Glibc.group()
        return Self.read { buffer, count in
            var found: UnsafeMutablePointer<Glibc.group>?
            let code = getgrnam_r(name, &entry, buffer, count, &found)
            return (code, found.map { $0.pointee.gr_gid })
        }
    }

    /// Name of a group; nil when there is none of that number.
    public static func name(ofGroup group: UInt32) -> String? {
        var entry = Glibc.group()
        return Self.read { buffer, count in
            var found: UnsafeMutablePointer<Glibc.group>?
            let code = getgrgid_r(group, &entry, buffer, count, &found)
            return (code, found.map { String(cString: $0.pointee.gr_name) })
        }
    }

    /// All groups of a user, the one of the user's own entry among them.
    public static func groups(of account: Account) -> Set<UInt32> {
        var groups = [gid_t](repeating: 0, count: 64)
        while true {
            var count = CInt(groups.count)
            if getgrouplist(account.name, account.group, &groups, &count) >= 0 {
                return Set(groups.prefix(Int(count)))
            }
            guard groups.count < Int(Self.mostGroups) else { return Set(groups) }
            groups = [gid_t](repeating: 0, count: min(Int(Self.mostGroups), groups.count * 4))
        }
    }

    private static func account(
        _ look: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> CInt
    ) -> Account? {
        var entry = passwd()
        return Self.read { buffer, count in
            var found: UnsafeMutablePointer<passwd>?
            let code = look(&entry, buffer, count, &found)
            return (
                code,
                found.map { found in
                    Account(
                        name: String(cString: found.pointee.pw_name),
                        user: found.pointee.pw_uid,
                        group: found.pointee.pw_gid
                    )
                }
            )
        }
    }

    /// Gives a question as much room as its answer takes.
    private static func read<Value>(_ ask: (UnsafeMutablePointer<CChar>, Int) -> (CInt, Value?)) -> Value? {
        var room = 4096
        while true {
            let (code, value) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { buffer in
                buffer.baseAddress.map { ask($0, buffer.count) } ?? (ENOMEM, nil)
            }
            guard code == ERANGE, room < Self.longestEntry else { return code == 0 ? value : nil }
            room *= 4
        }
    }
}
