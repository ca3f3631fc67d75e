import Foundation
import ResealCore
import TestSupport

/// A remote with a secret that rotates and whose drift is adopted, and an installation whose controller writes back.
struct WriteBackGround {
    let user: Installation
    let remote: GitFixture

    /// - Parameter writeBack: more of the section of that name.
    init(writeBack: String = "") throws {
        user = try Installation.sealed()
        try user.repository.write(
            "manifests/rotated.yaml",
            """
            # A comment that no rotation may lose.
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: prod/rotated}
            spec:
              value:
                host: "mail.internal"   # plain
                password: ""
              driftPolicy: adopt
              rotation: {generate: {kind: password, length: 24, field: password}}

            """)
        try user.seal("prod/rotated", "password", "the first one")
        try user.repository.commit("a secret that rotates")
        remote = try GitFixture(bare: true, named: "remote.git")
        try push()
        try configure("{author-name: Reseal, author-email: reseal@example.org\(writeBack)}")
    }

    func configure(_ writeBack: String?) throws {
        try user.folder.write(
            """
            repo: 'file://\(remote.path)'
            ref: main
            identity: '\(user.identity)'
            interval: 1s
            \(writeBack.map { "write-back: \($0)" } ?? "")
            """, to: "vault/config.yaml")
    }

    func push() throws { try user.repository.git("push", "--quiet", remote.path, "HEAD:main") }

    /// What is new in the remote comes into the work tree of the installation.
    func pull() throws { try user.repository.git("pull", "--quiet", "--rebase", remote.path, "main") }

    func password() throws -> String { try user.check("get", "prod/rotated", "--field", "password").text }

    /// Sets the password by hand.
    func set(_ password: String) throws {
        try user.check("set", "prod/rotated", "--field", "password", stdin: password)
    }

    /// The conditions that hold, of the source.
    func conditions() throws -> [String] { try states().compactMap { $0["type"]?.stringValue } }

    /// Why a condition holds; `nil` where it does not.
    func reason(_ condition: String) throws -> String? {
        try states().first { $0["type"]?.stringValue == condition }?["reason"]?.stringValue
    }

    private func states() throws -> [JSON] {
        let report = try JSON(parsing: user.folder.read("vault/controller.json"))
        let conditions = report["sources"]?.arrayValue?.first?["conditions"]?.arrayValue ?? []
        return conditions.filter { $0["status"] == "True" }
    }

    /// Gives the remote a hook; returns its path.
    func hook(_ name: String, _ body: String) throws -> String {
        let path = "\(remote.path)/hooks/\(name)"
        try FileManager.default.createDirectory(atPath: "\(remote.path)/hooks", withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    /// One round by hand; the status of the run.
    func once(fault: String? = nil) throws -> Command.Result {
        try user.reseal(["run", "--once", "--log-format", "json"], variables: ["RESEAL_FAULT": fault])
    }

    /// Whether the vault is newer than Git.
    func isPending() throws -> Bool {
        try JSON(parsing: user.check("status", "--json").stdout)["write_back_pending"]?.arrayValue?.isEmpty == false
    }
}
