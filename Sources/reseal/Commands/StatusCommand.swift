internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of the vault: commit, secrets, drift, audit head.",
        discussion: """
            While a controller runs (`reseal run`), its sources and their conditions are shown too.

            EXAMPLES
              reseal status
              reseal status --json
              reseal status --watch
            """)

    @OptionGroup var vault: VaultOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Print it again whenever something changed, until interrupted.")
    var watch = false

    /// Between two looks, in milliseconds.
    private static let pause = 1000

    func run() async throws {
        let core = try vault.openCore()
        var shown: String?
        repeat {
            let text = try await current(core)
            if text != shown { Terminal.print(shown == nil || json ? text : "\n\(text)") }
            shown = text
            if watch { try await Task.sleep(for: .milliseconds(Self.pause)) }
        } while watch
    }

    private func current(_ core: VaultCore) async throws -> String {
        let status = try await Vault(core: core).status()
        let rotations = AppliedRotations(status.sources, home: vault.vaultHome)
        let controller = ControllerReport(vault.vaultHome)
        return json
            ? document(status, rotations, controller).canonical : text(status, rotations, controller)
    }

    private func text(
        _ status: VaultStatus, _ rotations: AppliedRotations, _ controller: ControllerReport?
    ) -> String {
        var lines = [
            "Vault     \(vault.vaultHome.path) (serial \(status.serial))",
            "Secrets   \(status.active) active, \(status.managed) from Git, \(status.deleted) deleted",
        ]
        for source in status.sources {
            lines.append(
                "Source    \(SafeText.line(source.location)) \(SafeText.line(source.ref)), folder \(source.path), "
                    + "commit \(source.commit.short), applied \(source.appliedAt)")
        }
        if status.sources.isEmpty { lines.append("Source    nothing applied yet") }
        let drift = status.drifted.isEmpty ? "none" : status.drifted.map(\.description).joined(separator: ", ")
        lines.append("Drift     \(drift)")
        lines += rotations.lines.map { "Rotation  \($0)" }
        lines += status.rotations.filter { $0.step.isUnpromoted }.map {
            "Rotation  \($0.id) is at the step \($0.step.rawValue), \($0.failures) failure(s)"
        }
        let waiting = Self.waiting(status)
        if !waiting.isEmpty {
            let names = waiting.map(\.id.description).joined(separator: ", ")
            lines.append("Git       does not hold the new values of: \(names) (WriteBackPending)")
        }
        lines.append("Audit     head \(status.auditHead)")
        if let made = status.kekCreatedAt {
            let age = made.adding(KeyCommand.kekLifetime) < WallClock.system.now() ? ", due: `reseal key rotate`" : ""
            lines.append("Keys      KEK made \(made)\(age)")
        }
        if let controller { lines += controller.lines }
        return lines.joined(separator: "\n")
    }

    private static func waiting(_ status: VaultStatus) -> [RotationRecord] {
        status.rotations.filter(\.isWriteBackPending)
    }

    private func document(
        _ status: VaultStatus, _ rotations: AppliedRotations, _ controller: ControllerReport?
    ) -> JSON {
        [
            "home": .string(vault.vaultHome.path), "vault_serial": .integer(status.serial),
            "secrets": [
                "active": .integer(Int64(status.active)), "managed_by_git": .integer(Int64(status.managed)),
                "deleted": .integer(Int64(status.deleted)),
            ],
            "sources": .array(
                status.sources.map {
                    [
                        "location": .string($0.location), "ref": .string($0.ref), "path": .string($0.path),
                        "repository_id": .string($0.repositoryID), "commit": .string($0.commit.description),
                        "applied_at": .string($0.appliedAt.description),
                    ]
                }),
            "drifted": .array(status.drifted.map { .string(ResourceKey($0).description) }),
            "conditions": .array([
                ["type": "Drifted", "status": .string(status.drifted.isEmpty ? "False" : "True")],
                [
                    "type": "WriteBackPending",
                    "status": .string(Self.waiting(status).isEmpty ? "False" : "True"),
                ],
            ]),
            "write_back_pending": .array(
                Self.waiting(status).map { .string(ResourceKey($0.id).description) }),
            "rotations_running": .array(
                status.rotations.filter(\.step.isUnpromoted).map {
                    ["secret": .string(ResourceKey($0.id).description), "step": .string($0.step.rawValue)]
                }),
            "audit_head": .string(status.auditHead),
            "kek_created_at": status.kekCreatedAt.map { .string($0.description) } ?? .null,
            "rotation_due": rotations.document, "controller": controller?.document ?? .null,
        ]
    }
}
