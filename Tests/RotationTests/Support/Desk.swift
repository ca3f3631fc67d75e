import Foundation
import ResealCore
import ResealEngines
import ResealManifests
import ResealReconciler
import ResealSealing
import ResealVault
import Synchronization
import TestSupport

/// An installation whose manifests say how secrets rotate, with the controller's configuration that goes with them.
struct Desk {
    let user: Installation

    /// - Parameter manifests: documents beside those that every repository has. Each empty sealed field of `sealing` is
    ///   sealed before they are applied.
    init(_ manifests: String, sealing values: [(secret: String, field: String, value: String)]) throws {
        user = try Installation()
        let folder = "\(user.repository.path)/manifests"
        try user.check("init", "--manifests", folder, "--recipient", try user.recipient())
        try user.repository.write("manifests/secrets.yaml", manifests)
        for value in values { try user.seal(value.secret, value.field, value.value) }
        try user.repository.commit("secrets")
        try user.check("init", "--repo", user.repository.path, "--identity", user.identity)
        try user.check("apply", "--yes")
    }

    init(copying other: Desk) throws { user = try Installation(copying: other.user) }

    func configure(_ path: String, _ text: String) throws {
        let file = "\(user.home)/\(path)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    }

    /// A command of the controller's configuration that runs a script of these tests.
    func configure(command name: String, script: String, arguments: String = "") throws {
        try configure("commands/\(name).yaml", "program: \(Self.script(script))\narguments: \(arguments)\n")
    }

    static func script(_ name: String) -> String {
        ((#filePath as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent + "/Scripts/\(name)"
    }

    func get(_ name: String, _ field: String? = nil) throws -> String {
        try user.check("get", name, "--field", field ?? "password").text
    }

    func run(_ arguments: String..., variables: [String: String?] = [:]) throws -> Command.Result {
        try user.reseal(arguments, variables: variables)
    }

    func json(_ arguments: String...) throws -> JSON {
        try JSON(parsing: try user.reseal(arguments + ["--json"]).stdout)
    }

    /// What `rotation list` says of one secret.
    func item(_ name: String) throws -> JSON? {
        try json("rotation", "list").arrayValue?.first { $0["secret"]?.stringValue == "Secret.default/\(name)" }
    }

    /// An open vault of the same folder, at another time.
    func core(at clock: WallClock = .system) throws -> VaultCore {
        try VaultCore.open(VaultHome(path: user.home), passphrase: { nil }, clock: clock)
    }

    func rotator(_ core: VaultCore) -> Rotator {
        Rotator(core: core, targets: ControllerTargets(VaultHome(path: user.home), core: core))
    }
}

extension ActionContext {
    static let test = ActionContext(
        principal: Principal("user:tester") ?? .init(from: "user:tester"), userAgent: "tests")
}

extension Principal {
    fileprivate init(from text: String) { preconditionFailure("no principal: \(text)") }
}

extension Timestamp {
    static func at(_ text: String) -> Timestamp {
        guard let time = Timestamp(text) else { preconditionFailure("no time: \(text)") }
        return time
    }
}

extension TimeSpan {
    static func of(_ text: String) -> TimeSpan {
        guard let span = TimeSpan(text) else { preconditionFailure("no time: \(text)") }
        return span
    }
}
