import Foundation
import ResealAge
import ResealCore
import ResealGit
import ResealReconciler
import ResealVault
import TestSupport
import Testing

/// Values sealed onto a commit instead of into a work tree, as whoever pushes commits needs them.
@Suite struct CommitWriteBackTests {
    private static let manifest = """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: app}
        spec:
          value:
            host: one   # stays
            password: ""
          rotation:
            generate: {kind: password, field: password}

        """

    /// Commits what was sealed; the branch is what is applied from.
    private struct Committing: WriteBack {
        let git: GitFixture
        var isRefused = false

        struct Refused: UserFacingFailure {
            let code = "test.refused", message = "the branch moved", hint: String? = nil
        }

        func write(
            _ item: WriteBackItem, at now: Timestamp, progress: (RotationRecord.Step, ObjectID?) throws -> Void
        ) throws -> WriteBackOutcome {
            let source = CommitSnapshotSource(
                repositoryPath: git.path, commit: try git.id("HEAD"), folder: "manifests")
            let (files, refused) = try CommitSealer(source, access: .unattended).seal([item], at: now)
            if let refused { throw refused }
            try progress(.sealed, nil)
            if isRefused { throw Refused() }
            for file in files { try git.write(file.path, String(decoding: file.after, as: UTF8.self)) }
            let commit = try git.commit("Rotate \(item.id)")
            try progress(.committed, commit)
            try progress(.pushed, commit)
            return .pushed(commit)
        }
    }

    private let desk: Desk

    init() throws { desk = try Desk(Self.manifest, sealing: [("app", "password", "first")]) }

    private func rotator(_ writeBack: Committing) throws -> Rotator {
        let core = try desk.core()
        return Rotator(
            core: core, targets: ControllerTargets(VaultHome(path: desk.user.home), core: core), writeBack: writeBack)
    }

    @Test func pushedItIsOver() throws {
        let report = try rotator(Committing(git: desk.user.repository)).rotate(SecretID("app"), by: .test)
        guard case .writtenBack(.pushed) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        let rotated = try desk.get("app")
        #expect(try desk.item("app")?["write_back_pending"] == false)
        let path = "\(desk.user.repository.path)/manifests/secrets.yaml"
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("host: one   # stays"))
        #expect(try desk.run("apply", "--yes").status == 0)
        #expect(try desk.get("app") == rotated)
        #expect(try desk.json("versions", "app").arrayValue?.count == 2)
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0)
    }

    @Test func refusedItWaits() throws {
        let report = try rotator(Committing(git: desk.user.repository, isRefused: true))
            .rotate(SecretID("app"), by: .test)
        guard case .writeBackFailed(let failure) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(failure.code == "test.refused")
        let rotated = try desk.get("app")
        #expect(rotated != "first")
        #expect(try desk.item("app")?["write_back_pending"] == true)
        // Somebody pushes meanwhile; the same value is sealed onto that.
        try desk.user.repository.write("README.md", "x")
        try desk.user.repository.commit("other")
        #expect(try rotator(Committing(git: desk.user.repository)).writeBack(SecretID("app"), by: .test) != nil)
        #expect(try desk.run("apply", "--yes").status == 0)
        #expect(try desk.get("app") == rotated)
        #expect(try desk.item("app")?["write_back_pending"] == false)
    }
}
