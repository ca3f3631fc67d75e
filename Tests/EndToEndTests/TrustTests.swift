import Foundation
import ResealCore
import TestSupport
import Testing

/// `apply` and `plan` with a section `trust` in the vault's settings.
@Suite struct TrustTests {
    let team: Team

    init() throws { team = try Team(Installation.applied()) }

    private var user: Installation { team.user }

    @Test func anUnsignedCommitIsRefusedAndRecorded() throws {
        try user.writeSecret("made/new")
        try user.repository.commit()
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unsigned")
        #expect(try user.serial() == "1")
        try user.expect(
            "audit", "list", "--result", "refused", prints: ["git.apply", "trust.unsigned"])
        // A plan shows it, and what would be done.
        try user.expect("plan", prints: ["made/new", "apply would refuse this"])
        try user.repository.git(signing: team.ada, ["commit", "--quiet", "--amend", "--no-edit"])
        try user.expect("apply", "--yes", prints: ["create 1"])
    }

    @Test func whatNobodyNeedsToSignPasses() throws {
        try user.repository.write("README", "text")
        try user.repository.write("other/x.yaml", "kind: Role")
        try user.repository.commit()
        try user.writeSecret("made/new")
        try user.repository.commit(signedBy: team.ada)
        try user.expect("apply", "--yes", prints: ["create 1"])
    }

    @Test func everyCommitOnTheWayCounts() throws {
        try user.writeSecret("made/new", value: "evil")
        try user.repository.commit("unsigned")
        try user.repository.remove("manifests/made-new.yaml")
        try user.writeSecret("made/other")
        try user.repository.commit("signed", signedBy: team.ada)
        let refused = try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unsigned")
        #expect(refused.errorText.contains("changes manifests/made-new.yaml"))
    }

    @Test func strangersAndRevokedKeysAreRefused() throws {
        try user.writeSecret("made/new")
        try user.repository.commit(signedBy: team.eve)
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unknown-signer")
        try user.repository.git(signing: team.ada, ["commit", "--quiet", "--amend", "--no-edit"])
        try team.trust("revoked-keys: revoked")
        try user.expectFailure("apply", "--yes", code: "git.file")
        try Data(try Data(contentsOf: URL(fileURLWithPath: user.folder.file("ada.pub"))))
            .write(to: URL(fileURLWithPath: "\(user.home)/revoked"))
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.revoked-key")
    }

    @Test func pathsHaveSignersOfTheirOwn() throws {
        try team.trust(
            """
            paths:
                - {path: "manifests/made-by-ben.yaml", signers: ["ben@example.org"]}
                - {path: "README", signers: ["*@example.org"]}
            """)
        try user.writeSecret("made/by-ben")
        try user.repository.commit(signedBy: team.ada, committer: "ada@example.org")
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.signer-not-allowed")
        try user.repository.git(
            signing: team.ben, ["commit", "--quiet", "--amend", "--no-edit"],
            variables: ["GIT_COMMITTER_EMAIL": "ben@example.org"])
        try user.expect("apply", "--yes", prints: ["create 1"])
        try user.repository.write("README", "text")
        try user.repository.commit()
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unsigned")
    }

    @Test func aFirstApplyBeginsAtTheTrustedRoot() throws {
        let team = try Team(Installation.sealed())
        let user = team.user
        // The sample's first commit is not signed.
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unsigned")
        try team.trust("trusted-root: \(try user.repository.id("HEAD"))")
        try user.expect("apply", "--yes", prints: ["create 10"])
        let other = try Team(Installation.sealed())
        try other.trust("trusted-root: 1111111111111111111111111111111111111111")
        try other.user.expectFailure("apply", "--yes", exits: 5, code: "trust.not-rooted")
    }

    @Test func rewrittenHistoryNeedsTheSettingsToAllowIt() throws {
        try user.repository.git(signing: team.ada, ["commit", "--quiet", "--amend", "--message", "rewritten"])
        try user.expectFailure("apply", "--yes", code: "git.history-rewritten")
        try user.expectFailure("apply", "--yes", "--allow-rewritten-history", code: "git.history-rewritten")
        try team.trust("rewritten-history: allow")
        try user.expectFailure("apply", "--yes", code: "git.history-rewritten")
        try user.expect("apply", "--yes", "--allow-rewritten-history")
    }

    @Test func linksAndModulesHaveNoPlace() throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(user.repository.path)/manifests/loop", withDestinationPath: "..")
        try user.repository.commit(signedBy: team.ada)
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.not-a-file")
    }

    @Test func rulesOutsideOfTheFolderAreGuarded() throws {
        try user.repository.write(
            "ops/rules.yaml", "creation_rules:\n  - age: \(try user.recipient())\n")
        try user.repository.write(
            "manifests/rules.yaml",
            "apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: ops}\nspec:\n"
                + "  controller: \(try user.recipient())\n  fromSOPSConfig: ops/rules.yaml\n")
        try user.repository.remove("manifests/recipients.yaml")
        try user.repository.commit(signedBy: team.ada)
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unguarded-file")
        try team.trust("paths: [{path: \"ops/**\"}]")
        try user.expect("apply", "--yes")
        try user.repository.write(
            "ops/rules.yaml", "# changed\ncreation_rules:\n  - age: \(try user.recipient())\n")
        try user.repository.commit()
        try user.expectFailure("apply", "--yes", exits: 5, code: "trust.unsigned")
    }

    @Test func withoutTheToolNothingPasses() throws {
        try user.writeSecret("made/new")
        try user.repository.commit(signedBy: team.ada)
        let failed = try user.reseal(["apply", "--yes"], variables: ["PATH": "/nonexistent"])
        #expect(failed.status == 5 && failed.errorText.contains("[git.tool-missing]"), "\(failed.errorText)")
        #expect(try user.serial() == "1")
    }

    @Test(arguments: [
        "alowed-signers: x", "paths: x", "paths: [{pth: x}]", "paths: [{path: \"a[\"}]", "trusted-root: main",
        "protected: {kinds: [Rolle]}", "protected: {signers: 3}", "rewritten-history: sometimes",
        "require-signatures: perhaps", "paths: [{path: a, signers: [\"openpgp:1234\"]}]",
    ])
    func faultySettingsAreRefused(line: String) throws {
        try team.trust(line)
        let failed = try user.reseal(["apply", "--yes"])
        #expect(failed.status == 1 && failed.errorText.contains("[config."), "\(failed.errorText)")
    }

    @Test func settingsThatOthersMayChangeAreRefused() throws {
        chmod("\(user.home)/config.yaml", 0o666)
        try user.expectFailure("apply", "--yes", code: "file.permissions")
        chmod("\(user.home)/config.yaml", 0o600)
        try Data("repo: \(user.repository.path)\ntrust: {require-signatures: true}\n".utf8)
            .write(to: URL(fileURLWithPath: "\(user.home)/config.yaml"))
        try user.expectFailure("apply", "--yes", code: "config.bad-value")
    }
}

/// People with keys, and a vault that trusts Ada and Ben.
final class Team {
    let user: Installation
    let ada: SigningKey
    let ben: SigningKey
    /// Trusted by nobody.
    let eve: SigningKey
    private let settings: String

    init(_ user: Installation) throws {
        self.user = user
        var lines: [String: String] = [:]
        for name in ["ada", "ben", "eve"] { lines[name] = try SSHKey.create(user.folder.file(name)) }
        let key = { (name: String) in SigningKey.ssh(user.folder.file(name)) }
        (ada, ben, eve) = (key("ada"), key("ben"), key("eve"))
        let allowed = ["ada", "ben"].map { "\($0)@example.org namespaces=\"git\" \(lines[$0] ?? "")\n" }.joined()
        try Data(allowed.utf8).write(to: URL(fileURLWithPath: "\(user.home)/allowed_signers"))
        settings = try String(contentsOfFile: "\(user.home)/config.yaml", encoding: .utf8)
        try trust("")
    }

    /// Adds lines to the section `trust`.
    func trust(_ lines: String) throws {
        let section = "trust:\n  allowed-signers: allowed_signers\n  \(lines)\n"
        let file = URL(fileURLWithPath: "\(user.home)/config.yaml")
        try Data((settings + (settings.hasSuffix("\n") ? "" : "\n") + section).utf8).write(to: file)
        chmod(file.path, 0o600)
    }
}
