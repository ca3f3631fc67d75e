import Foundation
import ResealCore
import TestSupport
import Testing

/// Which commits are trusted, told by `verify-commits BASE..HEAD`, which needs no vault.
@Suite struct VerifyCommitsTests {
    let team: Team
    let base: ObjectID

    init() throws {
        team = try Team(Installation.applied())
        base = try team.user.repository.id("HEAD")
    }

    private var git: GitFixture { team.user.repository }

    /// Problems by the summary of their commit; commits without are left out.
    private func problems(
        from start: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [String: [String]] {
        let result = try team.user.reseal(["verify-commits", "\(start ?? base.description)..HEAD", "--json"])
        let report = try JSON(parsing: result.stdout)
        var problems: [String: [String]] = [:]
        for commit in report["commits"]?.arrayValue ?? [] {
            let codes = (commit["problems"]?.arrayValue ?? []).compactMap { $0["code"]?.stringValue }
            if !codes.isEmpty { problems[commit["summary"]?.stringValue ?? ""] = codes }
        }
        #expect(result.status == (problems.isEmpty ? 0 : 5), "\(result.errorText)", sourceLocation: sourceLocation)
        #expect(report["trusted"]?.boolValue == problems.isEmpty, sourceLocation: sourceLocation)
        return problems
    }

    private func write(_ file: String, _ text: String) throws { try git.write("manifests/\(file)", "# \(text)\n") }

    @Test func theReport() throws {
        try write("a.yaml", "1")
        let first = try git.commit("one", signedBy: team.ada, committer: "ada@example.org")
        try write("b.yaml", "1")
        let second = try git.commit("two")
        try git.write("README", "x")
        try git.commit("three")
        try team.user.expect(
            "verify-commits", exits: 5,
            prints: [
                "COMMIT", first.short, "ada@example.org", "manifests/a.yaml", "trusted", second.short, "unsigned",
                "REFUSED", "not guarded", "[trust.unsigned]", "3 commit(s) since \(base.short): 1 not trusted",
            ])
        let report = try JSON(
            parsing: try team.user.reseal(["verify-commits", "--json", "\(base)..\(first)"]).stdout)
        let commit = try #require(report["commits"]?.arrayValue?.first)
        #expect(
            Set((commit.objectValue ?? [:]).keys) == [
                "id", "summary", "committer", "signature", "signer", "second_signer", "guarded_paths",
                "protected_paths", "trusted", "problems",
            ])
        #expect(commit["signature"]?.stringValue == "good")
        #expect(commit["signer"]?["principal"]?.stringValue == "ada@example.org")
        #expect(commit["guarded_paths"]?.arrayValue?.map(\.stringValue) == ["manifests/a.yaml"])
        try team.user.expect("verify-commits", "HEAD..HEAD", prints: ["No commits between"])
        try team.user.expectFailure("verify-commits", "a...b", exits: 64, code: "usage")
        try team.user.expectFailure("verify-commits", "nowhere..HEAD", code: "git.ref-not-found")
    }

    @Test func withoutSettingsThereIsNothingToJudgeBy() throws {
        let user = try Installation.sealed()
        try user.expectFailure("verify-commits", exits: 64, code: "usage")
    }

    // MARK: Merges

    @Test func aCleanMergeNeedsNoSignature() throws {
        try git.git("checkout", "--quiet", "-b", "side")
        try write("side.yaml", "1")
        try git.commit("side", signedBy: team.ben)
        try git.git("checkout", "--quiet", "main")
        try write("main.yaml", "1")
        try git.commit("main", signedBy: team.ada)
        try git.merge("side", signedBy: nil)
        #expect(try problems() == [:])
    }

    @Test func whatAMergeItselfChangesNeedsOne() throws {
        try write("both.yaml", "0")
        try git.commit("both", signedBy: team.ada)
        try git.git("checkout", "--quiet", "-b", "side")
        try write("both.yaml", "side")
        try git.commit("side", signedBy: team.ben)
        try git.git("checkout", "--quiet", "main")
        try write("both.yaml", "main")
        try git.commit("main", signedBy: team.ada)
        // A conflict that is resolved to something new, and a file that neither side has.
        for signer in [nil, team.ada] {
            try git.git("reset", "--quiet", "--hard")
            _ = try Command.run(
                "git", ["merge", "--quiet", "--no-commit", "side"], environment: GitFixture.environment,
                directory: git.path)
            try write("both.yaml", "resolved")
            try git.commit("merge", signedBy: signer)
            #expect(try problems() == (signer == nil ? ["merge": ["trust.unsigned"]] : [:]))
            try git.git("reset", "--quiet", "--hard", "HEAD~1")
        }
        try git.merge("side", signedBy: nil, options: ["--strategy=ours"])
        #expect(try problems() == ["merge side": ["trust.unsigned"]])
        try write("extra.yaml", "evil")
        try git.git("add", "--all")
        try git.git("commit", "--quiet", "--amend", "--message", "evil")
        #expect(try problems() == ["evil": ["trust.unsigned"]])
    }

    @Test func aMergeCannotUndoWhatOneSideHasChanged() throws {
        try git.git("branch", "side")
        try write("a.yaml", "fixed")
        try git.commit("fix", signedBy: team.ada)
        try git.git("checkout", "--quiet", "side")
        try git.write("README", "x")
        try git.commit("harmless")
        try git.git("checkout", "--quiet", "main")
        // Takes all files of the other side, which is behind: nothing differs from that parent.
        try git.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
        try git.git("checkout", "--quiet", "side", "--", ".")
        try git.git("rm", "--quiet", "-f", "--ignore-unmatch", "manifests/a.yaml")
        try git.git("commit", "--quiet", "--message", "undoing")
        #expect(try problems() == ["undoing": ["trust.unsigned"]])
    }

    @Test func anOctopusAndUnrelatedHistories() throws {
        for name in ["one", "two"] {
            try git.git("checkout", "--quiet", "-b", name, "main")
            try write("\(name).yaml", "1")
            try git.commit(name, signedBy: team.ben)
        }
        try git.git("checkout", "--quiet", "main")
        try git.git("merge", "--quiet", "--message", "octopus", "one", "two")
        #expect(try problems() == [:])
        try git.git("checkout", "--quiet", "--orphan", "island")
        try git.git("rm", "--quiet", "-rf", ".")
        try write("island.yaml", "1")
        try git.commit("island")
        try git.git("checkout", "--quiet", "main")
        try git.git("merge", "--quiet", "--allow-unrelated-histories", "--message", "bridge", "island")
        #expect(try problems() == ["island": ["trust.unsigned"]])
    }

    @Test func aCrissCrossIsJudgedStrictly() throws {
        try git.git("branch", "side")
        try write("a.yaml", "main")
        try git.commit("main one", signedBy: team.ada)
        let left = try git.id("HEAD")
        try git.git("checkout", "--quiet", "side")
        try write("b.yaml", "side")
        try git.commit("side one", signedBy: team.ada)
        let right = try git.id("HEAD")
        try git.merge(left.description, signedBy: team.ada)
        try git.git("checkout", "--quiet", "main")
        try git.merge(right.description, signedBy: team.ada)
        try git.merge("side", signedBy: nil)
        #expect(try problems() == [:])
    }

    // MARK: Two signers

    private func role(_ members: String) throws {
        try git.write(
            "manifests/role.yaml",
            "apiVersion: reseal/v1\nkind: Role\nmetadata: {name: sre}\nspec: {members: [\(members)]}\n")
    }

    /// A change on a branch, and its merge into main.
    private func change(_ members: String, by author: SigningKey, mergedBy merger: SigningKey?) throws {
        try git.git("checkout", "--quiet", "-B", "change", "main")
        try role(members)
        try git.commit("change", signedBy: author)
        try git.git("checkout", "--quiet", "main")
        try git.merge("change", signedBy: merger)
    }

    @Test func whatIsProtectedNeedsTwoPeople() throws {
        try team.trust("protected: {kinds: [Role, Recipients]}")
        try change("user:a", by: team.ada, mergedBy: team.ben)
        #expect(try problems() == [:])
        try team.user.expect("verify-commits", "\(base)..HEAD", prints: ["ada@example.org + ben@example.org"])
        let good = try git.id("HEAD")
        for merger in [nil, team.ada, team.eve] {
            try git.git("reset", "--quiet", "--hard", good.description)
            try change("user:b", by: team.ada, mergedBy: merger)
            #expect(try problems(from: good.description) == ["change": ["trust.second-signer"]])
        }
        // Straight onto the branch, also when the line of the branch is turned round.
        try git.git("reset", "--quiet", "--hard", good.description)
        try role("user:c")
        try git.commit("straight", signedBy: team.ada)
        #expect(try problems(from: good.description) == ["straight": ["trust.second-signer"]])
        try git.git("checkout", "--quiet", "-B", "turned", "HEAD")
        try git.merge(good.description, signedBy: team.ben, options: ["--strategy=ours"])
        #expect(try problems(from: good.description).keys.contains("straight"))
        // Other kinds need one.
        try git.git("checkout", "--quiet", "main")
        try git.git("reset", "--quiet", "--hard", good.description)
        try team.user.writeSecret("made/new")
        try git.commit("secret", signedBy: team.ada)
        #expect(try problems(from: good.description) == [:])
    }

    @Test func whatCannotBeReadIsProtected() throws {
        try team.trust("protected: {kinds: [Role]}")
        try git.write("manifests/odd.yaml", "kind: Role\n\tbroken: [\n")
        try git.commit("broken", signedBy: team.ada)
        #expect(try problems() == ["broken": ["trust.second-signer"]])
        // The removal of what is protected, too.
        try team.trust("protected: {kinds: [], paths: [\"manifests/role.yaml\"]}")
        try change("user:a", by: team.ada, mergedBy: team.ben)
        let good = try git.id("HEAD")
        try git.remove("manifests/role.yaml")
        try git.commit("gone", signedBy: team.ben)
        #expect(try problems(from: good.description) == ["gone": ["trust.second-signer"]])
    }

    @Test func theMergerMustBeAllowedForThePath() throws {
        try team.trust(
            """
            protected: {paths: ["manifests/role.yaml"]}
              paths: [{path: "manifests/role.yaml", signers: ["ada@example.org"]}]
            """)
        try change("user:a", by: team.ada, mergedBy: team.ben)
        #expect(try problems() == ["change": ["trust.second-signer"]])
    }

    // MARK: OpenPGP

    @Test func peopleWithOpenPGPKeysCount() throws {
        let home = try OpenPGPHome()
        let fingerprint = try home.create("Cem <cem@example.org>")
        try Data(try home.gpg("--armor", "--export", fingerprint).stdout)
            .write(to: URL(fileURLWithPath: "\(team.user.home)/keys.asc"))
        try team.trust(
            """
            openpgp-keyring: keys.asc
              paths: [{path: "manifests/a.yaml", signers: ["openpgp:\(fingerprint.lowercased())"]}]
            """)
        try write("a.yaml", "1")
        try git.commit("a", signedBy: .openPGP(home, fingerprint))
        try write("b.yaml", "1")
        try git.commit("b", signedBy: .openPGP(home, fingerprint))
        #expect(try problems() == [:])
        try write("a.yaml", "2")
        try git.commit("by ada", signedBy: team.ada)
        #expect(try problems() == ["by ada": ["trust.signer-not-allowed"]])
    }
}
