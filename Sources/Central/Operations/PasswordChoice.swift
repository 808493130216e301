/// Where a password comes from.
package enum PasswordChoice: Sendable {
    /// The centre makes one, and tells it once.
    case random
    case given(Password)

    /// The password, and whether somebody has to be told.
    package var made: (password: Password, isNew: Bool) {
        switch self {
        case .random: (.random(), true)
        case .given(let password): (password, false)
        }
    }
}
