import Foundation
import ResealAge
import ResealCore
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler

/// The process dies at every place of an apply in turn: the vault is the old one or the new one, and the next apply
/// brings it to the new one.
@Suite struct ApplyDeathTests {
    private let bench: Workbench
    private let before: VaultHome

    /// One commit that needs every kind of change, with old versions that are due to be destroyed.
    init() async throws {
        let bench = try Workbench()
        self.bench = bench
        before = try bench.newHome()
        let core = try bench.open(before)
        func secret(_ name: String, _ counter: Int64, _ more: String = "driftPolicy: revert") throws -> String {
            Text.secret(
                name, ["password": try bench.sealed("\(name) \(counter)", name, "password", counter: counter)], more)
        }
        var files = bench.basics
        for name in ["kept", "gone", "drifted", "deleted", "changed", "back", "settled"] {
            files["manifests/\(name).yaml"] = try secret(name, 1)
        }
        files["manifests/adopted.yaml"] = try secret("adopted", 1, "driftPolicy: adopt")
        files["manifests/role.yaml"] = Text.role("backend", ["user:alice"])
        try bench.apply(try bench.commit(files), to: core)
        try bench.apply(
            try bench.commit(["manifests/back.yaml": nil, "manifests/changed.yaml": try secret("changed", 2)]), to: core
        )
        let vault = Vault(core: core)
        for name in ["drifted", "settled", "adopted"] {
            let value = try SecretValue(leaves: [
                SecretValue.Leaf(path: ["password"], type: .string, bytes: SecretBytes(utf8: "settled 2"))
            ])
            _ = try await vault.set(SecretID(name), to: value, by: .test)
        }
        _ = try await vault.delete(SecretID("deleted"), by: .test)
        try bench.commit([
            "manifests/new.yaml": try secret("new", 1), "manifests/gone.yaml": nil, "manifests/role.yaml": nil,
            "manifests/kept.yaml": try secret("kept", 1, "description: other"),
            "manifests/changed.yaml": try secret("changed", 3), "manifests/back.yaml": try secret("back", 1),
            "manifests/notifier.yaml": Text.document("Notifier", "n", ["channel: exec", "command: tell"]),
            "manifests/settled.yaml": try secret("settled", 2),
        ])
        try bench.folder.write(try bench.identity.revealText().revealBytes(), to: "key.txt")
        // The program checks that nobody else may read it.
        chmod(bench.folder.file("key.txt"), 0o600)
    }

    private func copy() throws -> VaultHome {
        let home = VaultHome(path: bench.folder.file(UUID().uuidString))
        try FileManager.default.copyItem(atPath: before.path, toPath: home.path)
        return home
    }

    private func runApply(_ home: VaultHome, fault: String) throws -> Command.Result {
        var environment = GitFixture.environment
        environment["RESEAL_FAULT"] = fault
        return try Command.run(
            BuiltProduct.reseal(),
            [
                "apply", "--yes", "--home", home.path, "--repo", bench.git.path, "--ref", "main", "--identity",
                bench.folder.file("key.txt"),
            ], environment: environment)
    }

    private func dump(_ home: VaultHome) throws -> VaultDump { try VaultDump(bench.open(home), onlyActive: false) }

    @Test func deathLeavesTheOldStateOrTheNewOne() throws {
        let old = try dump(before)
        let whole = try copy()
        let listing = try runApply(whole, fault: "list")
        #expect(listing.status == 0, "\(listing.errorText)")
        let new = try dump(whole)
        #expect(old != new && new.description.contains(":destroyed:"))

        let points = listing.errorText.split(separator: "\n").filter { $0.hasPrefix("fault-point ") }.map {
            $0.dropFirst(12)
        }
        #expect(
            Set(points).isSuperset(of: ["apply.begin", "apply.change", "apply.beforeInventory", "apply.afterCommit"]))
        var passed: [Substring: Int] = [:]
        var (olds, news) = (0, 0)
        for point in points {
            passed[point, default: 0] += 1
            let fault = "\(point):\(passed[point] ?? 1)"
            let home = try copy()
            #expect(try runApply(home, fault: fault).status == 128 + SIGKILL, "\(fault)")
            let core = try bench.open(home)
            #expect(try core.problems() == [], "\(fault)")
            let state = try VaultDump(core, onlyActive: false)
            #expect(state == old || state == new, "\(fault)\n\(state)")
            if state == old { olds += 1 } else { news += 1 }
            let next = try runApply(home, fault: "none")
            #expect(next.status == 0, "\(fault)\n\(next.errorText)")
            #expect(try VaultDump(core, onlyActive: false) == new, "\(fault)")
            #expect(try core.problems() == [], "\(fault)")
        }
        #expect(olds > 8 && news > 0)
    }
}
