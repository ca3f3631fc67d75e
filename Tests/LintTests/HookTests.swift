import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct HookTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    private func stage(_ file: String, _ text: String) throws {
        try bench.repository.write(file, text)
        try bench.repository.git("add", "--all")
    }

    private func commit(_ words: String..., in folder: String? = nil, path: String? = nil) throws -> Command.Result {
        try bench.git(["commit", "--message", "change"] + words, in: folder, path: path)
    }

    private func read(_ file: String) throws -> String { try String(contentsOfFile: file, encoding: .utf8) }

    private func writeHook(_ file: String, _ body: String, mode: Int = 0o755) throws {
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    private func states(in folder: String? = nil) throws -> [String] {
        let result = try bench.hook("status", "--json", in: folder)
        return (try JSON(parsing: result.stdout).arrayValue ?? []).map { $0["state"]?.stringValue ?? "?" }
    }

    // MARK: Commits

    @Test func aCommitIsCheckedAsItIsStaged() throws {
        #expect(try bench.hook("install").status == 0)
        #expect(try states() == ["installed", "installed"])
        try stage("a.yaml", "password: hunter2\n")
        // The work tree is clean again; the index is not.
        try bench.repository.write("a.yaml", "password: changeme\n")
        let refused = try commit()
        #expect(refused.status == 1)
        #expect(refused.errorText.contains("a.yaml:1:11: error: a password stands here in plain text"))
        #expect(refused.errorText.contains("--no-verify") && !refused.errorText.contains("hunter2"))
        #expect(try bench.commits() == 1)
        // And the other way round.
        try bench.repository.git("add", "--all")
        try bench.repository.write("a.yaml", "password: hunter2\n")
        #expect(try commit().status == 0)
        #expect(try commit("--all").status == 1)
        #expect(try commit("a.yaml").status == 1)
        #expect(try commit("--all", "--no-verify").status == 0)
        #expect(try bench.commits() == 3)
        // What is in the history already does not stop anybody.
        try stage("b.txt", "text\n")
        #expect(try commit().status == 0)
    }

    @Test func manifestsAreValidated() throws {
        try bench.hook("install", "--pre-commit")
        #expect(try states() == ["installed", "absent"])
        try stage("manifests/a.yaml", "apiVersion: reseal/v1\nkind: Sekret\nmetadata: {name: a}\nspec: {}\n")
        let refused = try commit()
        #expect(refused.status == 1 && refused.errorText.contains("manifests/a.yaml:2:7: error: unknown kind"))
        // Taking away what others refer to is a change as well.
        try bench.repository.git("reset", "--quiet", "--hard")
        try bench.repository.remove("manifests/repository.yaml")
        try bench.repository.git("add", "--all")
        #expect(try commit().errorText.contains("[manifest.no-repository]"))
    }

    @Test func warningsStopOnlyTheStrict() throws {
        try bench.hook("install")
        try stage("a.swift", "let salt = \"\(Sample.random)\"\n")
        let passed = try commit()
        #expect(passed.status == 0 && passed.errorText.contains("[random-text]"))
        try bench.hook("install", "--strict")
        try stage("b.swift", "let salt = \"\(Sample.random)\"\n")
        #expect(try commit().status == 1)
    }

    @Test func theFirstCommitOfARepositoryWithoutManifests() throws {
        let fresh = try Bench(hasManifests: false)
        #expect(try fresh.hook("install").status == 0)
        try fresh.repository.write("a.env", "DB_PASSWORD=hunter2\n")
        try fresh.repository.git("add", "--all")
        #expect(try fresh.git(["commit", "--message", "x"]).status == 1)
        try fresh.repository.write("a.env", "DB_PASSWORD=\n")
        try fresh.repository.git("add", "--all")
        #expect(try fresh.git(["commit", "--message", "x"]).status == 0)
    }

    @Test func withoutTheProgramTheHookSaysSo() throws {
        try bench.hook("install")
        try stage("a.txt", "text\n")
        let result = try commit(path: "/usr/bin:/bin")
        #expect(result.status == 1)
        #expect(result.errorText.contains("error: this repository is checked by reseal, which is not on PATH"))
    }

    // MARK: Pushes

    private func remote() throws -> String {
        let path = bench.user.folder.file("remote one.git")
        try bench.git(["init", "--quiet", "--bare", path])
        try bench.git(["remote", "add", "origin", path])
        return path
    }

    @Test func aPushIsCheckedCommitByCommit() throws {
        let remote = try remote()
        try bench.hook("install", "--pre-push")
        #expect(try bench.git(["push", "--quiet", "origin", "main"]).status == 0)
        // The secret is gone from the last commit, and would be pushed all the same.
        try stage("a.env", "DB_PASSWORD=hunter2\n")
        #expect(try commit().status == 0)
        try bench.repository.git("rm", "--quiet", "a.env")
        #expect(try commit().status == 0)
        let refused = try bench.git(["push", "origin", "main"])
        #expect(refused.status != 0)
        #expect(refused.errorText.contains("a.env:1:13 (commit ") && refused.errorText.contains("the push is stopped"))
        #expect(try bench.commits(remote) == 1)
        // Without these commits it goes; deleting and pushing nothing does as well.
        try bench.repository.git("reset", "--quiet", "--hard", "origin/main")
        try stage("b.txt", "text\n")
        #expect(try commit().status == 0)
        #expect(try bench.git(["push", "--quiet", "origin", "main", "main:other"]).status == 0)
        #expect(try bench.git(["push", "--quiet", "origin", "main"]).status == 0)
        #expect(try bench.git(["push", "--quiet", "origin", ":other"]).status == 0)
        try bench.git(["tag", "--annotate", "--message", "one", "v1"])
        #expect(try bench.git(["push", "--quiet", remote, "v1"]).status == 0)
    }

    @Test func whatTheRemoteHasIsNotJudgedAgain() throws {
        _ = try remote()
        try stage("a.env", "DB_PASSWORD=hunter2\n")
        #expect(try commit().status == 0)
        #expect(try bench.git(["push", "--quiet", "origin", "main"]).status == 0)
        try bench.hook("install", "--pre-push")
        // A merge takes the file over, and adds nothing.
        try bench.repository.git("switch", "--quiet", "--create", "feature", "HEAD~")
        try stage("b.txt", "text\n")
        #expect(try commit().status == 0)
        try bench.repository.git("merge", "--quiet", "--no-edit", "main")
        #expect(try bench.git(["push", "--quiet", "origin", "feature"]).status == 0)
    }

    @Test func brokenManifestsAreNotPushed() throws {
        _ = try remote()
        try bench.hook("install", "--pre-push")
        try stage("manifests/a.yaml", "nonsense\n")
        #expect(try commit().status == 0)
        let refused = try bench.git(["push", "origin", "main"])
        #expect(refused.status != 0 && refused.errorText.contains("manifests/a.yaml:1:1"), "\(refused.errorText)")
    }

    // MARK: Other hooks

    @Test func anotherHookGoesOnBeingRun() throws {
        let hook = bench.path(".git/hooks/pre-commit")
        try writeHook(hook, "echo other >> ran.txt; [ ! -e stop ]")
        let before = try read(hook)
        #expect(try states() == ["foreign", "absent"])
        let installed = try bench.hook("install", "--pre-commit")
        #expect(installed.status == 0 && installed.errorText.contains(".before-reseal"), "\(installed.errorText)")
        let text = try read(hook)
        // Again, and after an interruption between the two steps.
        #expect(try bench.hook("install", "--pre-commit").errorText.hasPrefix("pre-commit: unchanged"))
        #expect(try read(hook) == text)
        try stage("a.txt", "text\n")
        #expect(try commit().status == 0)
        #expect(try read(bench.path("ran.txt")) == "other\n")
        try stage("stop", "")
        #expect(try commit().status == 1)
        #expect(try bench.hook("uninstall").status == 0)
        #expect(try read(hook) == before && states() == ["foreign", "absent"])
        #expect(try bench.hook("uninstall").errorText.hasPrefix("pre-commit: absent"))
        #expect(try read(hook) == before)
    }

    @Test func aDeathWhileInstallingLosesNoHook() throws {
        let hook = bench.path(".git/hooks/pre-commit")
        try writeHook(hook, "exit 3")
        // As it is between the two steps: one file with two names.
        try FileManager.default.linkItem(atPath: hook, toPath: hook + ".before-reseal")
        #expect(try bench.hook("install").status == 0)
        #expect(try read(hook + ".before-reseal").contains("exit 3") && states() == ["installed", "installed"])
    }

    @Test func twoOthersAreTooMany() throws {
        let hook = bench.path(".git/hooks/pre-commit")
        try writeHook(hook, "exit 0")
        try bench.hook("install")
        try writeHook(hook, "exit 4")
        let refused = try bench.hook("install")
        #expect(refused.status == 1 && refused.errorText.contains("[hook.foreign]"))
        #expect(try read(hook).contains("exit 4"))
        #expect(try bench.hook("install", "--force").status == 0)
        #expect(try read(hook + ".replaced-by-reseal").contains("exit 4"))
    }

    @Test func aPrePushHookStillReadsItsLines() throws {
        _ = try remote()
        try writeHook(bench.path(".git/hooks/pre-push"), "echo \"$1\" > seen.txt; cat >> seen.txt")
        try bench.hook("install")
        #expect(try bench.git(["push", "--quiet", "origin", "main"]).status == 0)
        let seen = try read(bench.path("seen.txt"))
        #expect(seen.hasPrefix("origin\nrefs/heads/main ") && seen.split(separator: "\n").count == 2, "\(seen)")
    }

    // MARK: Places

    @Test func configuredFoldersAndLinkedWorkTrees() throws {
        try bench.git(["config", "core.hooksPath", ".hooks of ours"])
        #expect(try bench.hook("install").status == 0)
        #expect(FileManager.default.isExecutableFile(atPath: bench.path(".hooks of ours/pre-commit")))
        try stage("a.yaml", "password: hunter2\n")
        #expect(try commit().status == 1)
        try bench.git(["config", "--unset", "core.hooksPath"])
        try bench.repository.git("reset", "--quiet", "--hard")
        let linked = bench.user.folder.file("linked tree")
        try bench.git(["worktree", "add", "--quiet", "-b", "linked", linked])
        #expect(try bench.hook("install", in: linked).status == 0)
        #expect(try states() == ["installed", "installed"])
        try Data("password: hunter2\n".utf8).write(to: URL(fileURLWithPath: linked + "/b.yaml"))
        try bench.git(["add", "--all"], in: linked)
        #expect(try commit(in: linked).errorText.contains("b.yaml:1:11: error"))
        // From a folder below, and by --repo.
        #expect(try bench.hook("status", "--repo", linked + "/manifests", in: "/").status == 0)
    }

    @Test func foldersOfSeveralRepositoriesAskForForce() throws {
        let shared = bench.user.folder.file("shared hooks")
        try bench.git(["config", "--global", "core.hooksPath", shared])
        let refused = try bench.hook("install")
        #expect(refused.status == 1 && refused.errorText.contains("[hook.shared]"), "\(refused.errorText)")
        #expect(try bench.hook("install", "--force").status == 0)
        try stage("a.yaml", "password: hunter2\n")
        #expect(try commit().status == 1)
    }

    @Test func spacesAndQuotesInPaths() throws {
        let odd = bench.user.folder.file("it's a \"clone\" $HOME")
        try bench.git(["clone", "--quiet", bench.repository.path, odd])
        try bench.git(["mv", "manifests", "my 'own' secrets"], in: odd)
        #expect(try bench.hook("install", "--path", "my 'own' secrets", in: odd).status == 0)
        #expect(try commit("--all", in: odd).status == 0)
        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: odd + "/my 'own' secrets/a.yaml"))
        try bench.git(["add", "--all"], in: odd)
        #expect(try commit(in: odd).errorText.contains("my 'own' secrets/a.yaml:1:1: error"))
    }

    @Test func outsideOfAnyCloneThereIsAnError() throws {
        let result = try bench.hook("install", "--repo", "/", in: "/")
        #expect(result.status == 1 && result.errorText.contains("[hook.git]"))
    }

    @Test func theScriptsArePOSIX() throws {
        try bench.hook("install")
        for name in ["pre-commit", "pre-push"] {
            try Command.check("sh", ["-n", bench.path(".git/hooks/\(name)")])
        }
    }
}
