internal import Central
internal import HTTP
internal import Wire

/// Users: all of them, and one with their tunnels.
enum UserPages {
    /// What programs get of one.
    private struct Document: Encodable {
        let user: UserDocument
        let tunnels: [TunnelDocument]
    }

    static func list(_ centre: Centre) async throws -> View {
        let rows = try await ListUsers().run(in: centre)
        let table = Elements.table(
            "Users",
            ["Handle", "Name", "Mail", "Tunnels", "Created"],
            rows.map { row in
                let user = UserDocument(row.user)
                return [
                    Elements.user(user.handle), "\(user.name)", "\(user.mail)", "\(row.tunnelCount)",
                    "\(user.created)",
                ]
            },
            none: "There is no user."
        )
        return View("Users", rows.map { UserDocument($0.user) }, table)
    }

    static func one(_ handle: UserHandle, _ centre: Centre) async throws -> View {
        let document = Document(
            user: try await ShowUser(handle).run(in: centre),
            tunnels: try await ListTunnels(TunnelFilter(owner: handle)).run(in: centre)
        )
        let user = document.user
        let mail = URLText(checking: "mailto:\(PercentEncoding.encode(user.mail))")
        let fields = Elements.fields([
            ("Name", "\(user.name)"),
            ("Mail", mail.map { "<a href=\"\($0)\">\(user.mail)</a>" } ?? "\(user.mail)"),
            ("Password", user.passwordSet ? "set" : "none"), ("Created", "\(user.created)"),
            ("Changed", "\(user.changed)"),
        ])
        return View(
            "\(handle)",
            document,
            "\(fields)<h2>Tunnels</h2>\(Elements.tunnels(document.tunnels))"
        )
    }
}
