import Foundation
import ResealCore
import TestSupport

/// A controller's whole world, any part of which may break: a Git server behind ssh, a database, the disk; a person who
/// pushes, and secrets that rotate.
final class FaultWorld {
    /// What people change in Git.
    static let people = ["person-1", "person-2", "person-3"]
    /// What rotates: the database's administrator, a login, a pair of logins, and a value without a target.
    static let rotating = ["keeper", "orders", "pair", "token"]
    static let secrets = (people + rotating).sorted()

    let database: DatabaseDesk
    let remote: GitFixture
    let ssh: SSHServer
    private let rotateStreams: String

    var user: Installation { database.desk.user }

    init() throws {
        let more =
            Self.people.map { "---\n" + Self.manifest($0, rotation: "") }
            + ["---\n" + Self.manifest("token", rotation: "{generate: {kind: password, length: 32, field: password}}")]
        database = try DatabaseDesk(
            more.joined(), sealing: (Self.people + ["token"]).map { ($0, "password", "first value of \($0)") })
        try database.server.sql("CREATE ROLE breaker SUPERUSER LOGIN PASSWORD 'a-password-to-break-things'")
        remote = try GitFixture(bare: true, named: "remote.git")
        let user = database.desk.user
        let key = user.folder.file("ssh-key")
        ssh = try SSHServer(authorizing: [try SSHKey.create(key)])
        let knownHosts = try user.folder.write(try ssh.knownHostsLine(), to: "known_hosts")
        rotateStreams = user.folder.file("rotate")
        try FileManager.default.createDirectory(atPath: rotateStreams, withIntermediateDirectories: false)
        try Self.addHook(remote)
        try user.repository.git("push", "--quiet", remote.path, "HEAD:main")
        try user.folder.write(
            """
            repo: '\(ssh.location(of: remote.path))'
            ref: main
            identity: '\(user.identity)'
            ssh-key: '\(key)'
            known-hosts: '\(knownHosts)'
            git-timeout: 3s
            interval: 1s
            retry: 1s
            longest-retry: 2s
            write-back: {author-name: Reseal, author-email: reseal@example.org}
            """, to: "vault/config.yaml")
    }

    private static func manifest(_ name: String, rotation: String) -> String {
        """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: \(name)}
        spec:
          value:
            password: ""
        \(rotation.isEmpty ? "" : "  rotation: \(rotation)\n")
        """
    }

    /// Declines what comes by ssh while there is a file `closed`.
    private static func addHook(_ remote: GitFixture) throws {
        let hook = "\(remote.path)/hooks/pre-receive"
        try FileManager.default.createDirectory(atPath: "\(remote.path)/hooks", withIntermediateDirectories: true)
        let script = """
            #!/bin/sh
            [ -z "$SSH_CONNECTION" ] || [ ! -e "\(remote.path)/closed" ] || { echo 'closed today' >&2; exit 1; }
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: hook))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
    }

    func closeBranch(_ isClosed: Bool) throws {
        let file = "\(remote.path)/closed"
        if isClosed {
            try Data().write(to: URL(fileURLWithPath: file))
        } else {
            try? FileManager.default.removeItem(atPath: file)
        }
    }

    /// Runs statements as a superuser whose password never changes.
    func breakDatabase(_ statements: String) throws {
        try database.server.sql(statements, as: "breaker", password: "a-password-to-break-things")
    }

    // MARK: Who acts

    /// A person seals a value and pushes it, onto whatever the branch is at by then.
    func push(_ secret: String, _ value: String) throws {
        for _ in 0..<20 {
            try user.repository.git("fetch", "--quiet", remote.path, "main")
            try user.repository.git("reset", "--quiet", "--hard", "FETCH_HEAD")
            try user.seal(secret, "password", value)
            try user.repository.commit("Change \(secret)")
            if (try? user.repository.git("push", "--quiet", remote.path, "HEAD:main")) != nil { return }
        }
        throw Command.Failure(description: "the branch moves faster than a person can push")
    }

    func startController(fault: String?, fileBytes: Int?) throws -> RunningProcess {
        // Python ignores SIGXFSZ, and so does what it executes: a file that is too large fails as on a full disk.
        let script = """
            import os, resource, sys
            limit = int(sys.argv[1])
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            os.execv(sys.argv[2], sys.argv[2:])
            """
        return try user.start(
            ["run", "--log-format", "json"], variables: ["RESEAL_FAULT": fault],
            wrapper: fileBytes.map { ["python3", "-c", script, "\($0)"] } ?? [])
    }

    func startRotation(_ secret: String, fault: String?) throws -> RunningProcess {
        try user.start(["rotate", secret], variables: ["RESEAL_FAULT": fault], streams: rotateStreams)
    }

    /// The largest file of the vault, in bytes.
    func largestFile() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: user.home).map { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(user.home)/\(name)")
            return (attributes?[.size] as? Int) ?? 0
        }.max() ?? 0
    }
}
