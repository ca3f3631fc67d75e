import Foundation
import ResealCore
import ResealPostgres
import ResealReconciler
import ResealSealing
import ResealVault
import Synchronization
import TestSupport
import Testing

/// Rotations of logins to a real database server.
@Suite struct PostgreSQLTests {
    private let database: DatabaseDesk
    private var desk: Desk { database.desk }
    private var server: PostgresServer { database.server }

    init() throws { database = try DatabaseDesk() }

    @Test func oneRole() throws {
        let result = try desk.run("rotate", "orders")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.errorText.contains("WriteBackPending"))
        #expect(try desk.get("orders") != DatabaseDesk.single)
        #expect(try database.isValid("orders"))
        #expect(!server.accepts("orders", DatabaseDesk.single))
        #expect(try desk.get("orders", "host") == "db.internal")
        #expect(try desk.item("orders")?["state"] == "writeBackPending")
        // The value before is still there for a rollback.
        #expect(
            try desk.user.check("get", "orders", "--version", "1", "--field", "password").text == DatabaseDesk.single)
    }

    @Test func theLoginThatAltersRolesRotatesItself() throws {
        #expect(try desk.run("rotate", "keeper").status == 0)
        #expect(!server.accepts("keeper", PostgresServer.administratorPassword))
        #expect(try database.isValid("keeper"))
        #expect(try desk.run("rotate", "orders").status == 0)
        #expect(try database.isValid("orders"))
        let password = try desk.get("keeper")
        let fault = try desk.run("rotate", "keeper", variables: ["RESEAL_FAULT": "rotation.afterHandOver"])
        #expect(fault.status == 137)
        #expect(try desk.get("keeper") == password)
        #expect(try desk.run("rotate", "keeper").status == 0)
        #expect(try database.isValid("keeper") && desk.get("keeper") != password)
    }

    /// Clients read the login from the vault and connect, again and again, while rotations go on: none is refused.
    @Test func twoRolesLeaveNobodyOutside() async throws {
        let clients = Clients()
        let server = server, user = desk.user
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while !clients.isOver.withLock({ $0 }) {
                        let value = try JSON(parsing: try user.check("get", "pair").stdout)
                        // Slower than the rotation of a moment: a login that was read is used a little later.
                        try await Task.sleep(for: .milliseconds(50))
                        let name = value["username"]?.stringValue ?? "", password = value["password"]?.stringValue ?? ""
                        do {
                            try Self.logIn(name, password, server)
                            clients.logins.withLock { $0 += 1 }
                        } catch { clients.refused.withLock { $0.append("\(name): \(error)") } }
                    }
                }
            }
            group.addTask {
                defer { clients.isOver.withLock { $0 = true } }
                for _ in 0..<4 {
                    let before = clients.logins.withLock { $0 }
                    let result = try user.reseal(["rotate", "pair"])
                    #expect(result.status == 0, "\(result.errorText)")
                    // Every client has read the new login before the role that it replaced is used again.
                    while clients.logins.withLock({ $0 }) < before + 6 { try await Task.sleep(for: .milliseconds(20)) }
                }
            }
            try await group.waitForAll()
        }
        #expect(clients.refused.withLock { $0 }.isEmpty)
        #expect(clients.logins.withLock { $0 } >= 24)
        #expect(try desk.get("pair", "username") == "pair_a")
        #expect(try database.isValid("pair"))
    }

    private final class Clients: Sendable {
        let isOver = Mutex(false)
        let refused = Mutex<[String]>([])
        let logins = Mutex(0)
    }

    private static func logIn(_ user: String, _ password: String, _ server: PostgresServer) throws {
        _ = try PostgresConnection(
            PostgresParameters(
                host: "127.0.0.1", port: server.port, database: "postgres", user: user,
                password: SecretBytes(utf8: password), tls: .verifyFull, authorityFile: server.authorityFile),
            until: .now + .seconds(30))
    }

    @Test func theLoginBeforeIsRetiredWhenItIsKeptNoLonger() throws {
        #expect(try desk.run("rotate", "pair").status == 0)
        #expect(try desk.get("pair", "username") == "pair_b")
        #expect(server.accepts("pair_a", DatabaseDesk.first))
        let later = WallClock { WallClock.system.now().adding(.of("8d")) }
        let core = try desk.core(at: later)
        let run = try desk.rotator(core).runDue(by: .test)
        #expect(run.failures == 0 && run.endings.map(\.id.name) == ["pair"])
        #expect(!server.accepts("pair_a", DatabaseDesk.first))
        #expect(try database.isValid("pair"))
    }

    @Test func aValueThatDoesNotLogInIsTakenBack() throws {
        try server.sql("ALTER ROLE orders NOLOGIN")
        let result = try desk.run("rotate", "orders")
        #expect(result.status == 1)
        #expect(result.errorText.contains("[rotation.not-verified]"))
        #expect(try desk.get("orders") == DatabaseDesk.single)
        #expect(try desk.item("orders")?["state"] == "failed")
        try server.sql("ALTER ROLE orders LOGIN")
        // The password before is the valid one again.
        #expect(server.accepts("orders", DatabaseDesk.single))
        #expect(try desk.run("rotate", "orders").status == 0)
        #expect(try database.isValid("orders"))
    }

    @Test func aServerThatIsNotThere() throws {
        try desk.configure("endpoints/orders-postgres.yaml", "host: 127.0.0.1\nport: 1\ntls: disable\n")
        let result = try desk.run("rotate", "orders")
        #expect(result.status == 1 && result.errorText.contains("[postgres.unreachable]"))
        let item = try #require(try desk.item("orders"))
        #expect(item["state"] == "running" && item["step"] == "pending" && item["failures"] == 1)
        #expect(try desk.run("rotation", "cancel", "orders").status == 1, "what may be valid is kept")
    }

    @Test func refusesTLSThatIsNotTheServers() throws {
        try desk.configure(
            "endpoints/orders-postgres.yaml", "host: 127.0.0.1\nport: \(server.port)\n")
        let result = try desk.run("rotate", "orders")
        #expect(result.status == 1 && result.errorText.contains("[postgres.unreachable]"))
        #expect(server.accepts("orders", DatabaseDesk.single))
    }

    @Test func onCompromise() throws {
        let result = try desk.run("rotate", "--all", "--label", "team=orders")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(try database.isValid("orders") && database.isValid("pair"))
        #expect(!server.accepts("orders", DatabaseDesk.single))
        #expect(try desk.get("keeper") == PostgresServer.administratorPassword)
    }

    @Test func leaksNothing() throws {
        for name in ["orders", "pair"] { #expect(try desk.run("rotate", name).status == 0) }
        let canaries =
            try ["orders", "pair"].map { Canary($0, madeUp: try desk.get($0)) }
            + [Canary("before", madeUp: DatabaseDesk.single)]
        var scanner = LeakScanner(Array(canaries.prefix(2)))
        scanner.scan(Array(server.log.utf8), at: "the server's log")
        try scanner.scan(folder: desk.user.home) { _ in [] }
        for arguments in [
            ["audit", "list", "--json"], ["rotation", "list"], ["status", "--json"], ["versions", "orders"],
        ] {
            let result = try desk.user.reseal(arguments)
            scanner.scan(result.stdout + result.stderr, at: arguments.joined(separator: " "))
        }
        for run in desk.user.runs where run.arguments.first == "rotate" {
            scanner.scan(run.result.stdout + run.result.stderr, at: "rotate")
        }
        #expect(scanner.leaks == [])
        #expect(server.log.contains("SCRAM-SHA-256$"), "statements are logged, and hold a verifier")
    }
}
