import TestSupport

/// What is wrong with the world during one run.
enum Trouble: CaseIterable {
    case none
    case gitIsSilent
    case gitDropsConnections
    case pushesAreDeclined
    case databaseIsSilent
    case databaseDropsConnections
    case loginsAreRefused
    case diskIsFull

    func begin(_ world: FaultWorld) throws {
        switch self {
        case .none, .diskIsFull, .gitDropsConnections, .databaseDropsConnections: break
        case .gitIsSilent: world.ssh.pause(true)
        case .pushesAreDeclined: try world.closeBranch(true)
        case .databaseIsSilent: world.database.server.pause(true)
        case .loginsAreRefused: try world.breakDatabase(Self.logins("NOLOGIN"))
        }
    }

    /// Done again and again during the run.
    func goOn(_ world: FaultWorld) throws {
        switch self {
        case .gitDropsConnections: try world.ssh.dropConnections()
        case .databaseDropsConnections:
            try world.breakDatabase(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                """)
        case .none, .gitIsSilent, .pushesAreDeclined, .databaseIsSilent, .loginsAreRefused, .diskIsFull: break
        }
    }

    func end(_ world: FaultWorld) throws {
        world.ssh.pause(false)
        world.database.server.pause(false)
        try world.closeBranch(false)
        if self == .loginsAreRefused { try world.breakDatabase(Self.logins("LOGIN")) }
    }

    private static func logins(_ attribute: String) -> String {
        ["orders", "pair_a", "pair_b"].map { "ALTER ROLE \($0) \(attribute);" }.joined(separator: " ")
    }
}

/// Where a process dies: at a fault point that it passes, or at any moment.
enum Death {
    /// Passed by a controller or by `rotate`.
    private static let points = [
        "apply.begin", "apply.change", "apply.beforeInventory", "apply.afterCommit", "store.begin",
        "store.beforeCommit", "store.afterCommit", "file.beforeRename", "git.fetch.receiving", "git.fetch.downloaded",
        "git.fetch.updated", "git.fetch.pruned", "git.push.sending", "git.push.sent", "rotation.pending",
        "rotation.afterHandOver", "rotation.handedOver", "rotation.afterVerify", "rotation.verified",
        "rotation.promoted", "rotation.afterRollBack", "rotation.afterRetire", "rotation.beforeSealing",
        "rotation.written", "rotation.afterWriting", "rotation.done", "writeBack.sealed", "writeBack.committed",
        "writeBack.pushed",
    ]

    /// A value for `RESEAL_FAULT`, or `nil` where the process dies when its time is over.
    static func random(_ random: inout SeededGenerator) -> String? {
        guard Int.random(in: 0..<4, using: &random) > 0 else { return nil }
        let point = points[Int.random(in: 0..<points.count, using: &random)]
        return "\(point):\(Int.random(in: 1...3, using: &random))"
    }
}
