/// Where the settings of a text stand.
struct Places {
    /// Line and column of a command's argument.
    struct Place {
        var line: Int
        var column: Int
    }

    /// A setting that a text may give only once, or that a conflict may later be about.
    enum Item: Hashable, CustomStringConvertible {
        case subject(Configuration.Conflict.Subject)
        case tunnelPrefix

        var description: String {
            switch self {
            case .subject(.popID): "the PoP id"
            case .subject(.details(let id)): "PoP \(id)"
            case .subject(.prefix(let prefix)): "subnet prefix \(prefix)"
            case .subject(.tunnel(let tid)): "tid \(tid)"
            case .subject(.subnet(let prefix)): "subnet \(prefix)"
            case .subject(.subnetOwner(let prefix)): "the owner of subnet \(prefix)"
            case .tunnelPrefix: "a tunnel prefix"
            }
        }
    }

    /// Tunnels by tid, since there are thousands of them.
    private var tunnels = [Place?](repeating: nil, count: TID.capacity)
    private var others: [Item: Place] = [:]

    /// Where an item was given first.
    subscript(item: Item) -> Place? {
        get {
            guard case .subject(.tunnel(let tid)) = item else { return self.others[item] }
            return self.tunnels[Int(tid.rawValue)]
        }
        set {
            guard case .subject(.tunnel(let tid)) = item else {
                self.others[item] = newValue
                return
            }
            self.tunnels[Int(tid.rawValue)] = newValue
        }
    }
}
