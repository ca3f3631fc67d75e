import ResealCore
import TestSupport

/// A database server, and a desk whose secrets are logins there.
struct DatabaseDesk {
    let server: PostgresServer
    let desk: Desk

    static let single = "first-password-of-orders"
    static let first = "first-password-of-pair-a"

    private static let manifests = """
        apiVersion: reseal/v1
        kind: Connection
        metadata: {name: database}
        spec:
          engine: postgresql
          endpoint: orders-postgres
          credentialsFrom: {secret: keeper}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: keeper}
        spec:
          type: database
          value:
            username: keeper
            password: ""
          rotation:
            generate: {kind: password, length: 40, field: password}
            handler: {postgresql: {connection: database, role: keeper}}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: orders, labels: {team: orders}}
        spec:
          type: database
          value:
            # A comment that stays.
            host: db.internal
            username: orders
            password: ""
          rotation:
            every: 30d
            generate: {kind: password, length: 40, symbols: "'\\"\\\\ %", field: password}
            handler: {postgresql: {connection: database, role: orders}}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: pair, labels: {team: orders}}
        spec:
          type: database
          value:
            username: pair_a
            password: ""
          rotation:
            every: 30d
            keepPrevious: 7d
            generate: {kind: password, length: 40, field: password}
            handler: {postgresql: {connection: database, role: pair_a, alternateRole: pair_b}}

        """

    /// - Parameters:
    ///   - more: further documents, each with a `---` in front.
    ///   - sealing: fields of theirs.
    init(
        _ more: String = "", sealing: [(secret: String, field: String, value: String)] = []
    ) throws {
        server = try PostgresServer()
        try server.addRole("orders", password: Self.single)
        try server.addRole("pair_a", password: Self.first)
        try server.addRole("pair_b", password: "nobody-knows-this-one")
        desk = try Desk(
            Self.manifests.replacing(" %\"", with: "\"") + more,
            sealing: [
                ("keeper", "password", PostgresServer.administratorPassword), ("orders", "password", Self.single),
                ("pair", "password", Self.first),
            ] + sealing)
        try connect(desk)
    }

    private func connect(_ desk: Desk) throws {
        try desk.configure(
            "endpoints/orders-postgres.yaml",
            "host: 127.0.0.1\nport: \(server.port)\ntls: verify-full\nca-file: \(server.authorityFile)\n")
    }

    /// Whether what the vault holds logs in.
    func isValid(_ name: String) throws -> Bool {
        let value = try JSON(parsing: try desk.user.check("get", name).stdout)
        guard let user = value["username"]?.stringValue, let password = value["password"]?.stringValue else {
            return false
        }
        return server.accepts(user, password)
    }
}
