import Foundation
import ResealCore
import TestSupport
import Testing

/// No plaintext anywhere but in memory.
@Suite struct CanaryTests {
    @Test func nothingOfAValueIsLeftAnywhere() throws {
        let team = try Team()
        let canaries = ["field", "file", "unbound", "foreign", "new"].map { Canary($0) }
        func value(_ channel: String) -> String { canaries.first { $0.channel == channel }?.value ?? "" }
        try team.writeSecret("staging/db")
        try team.seal("staging/db", value("field"))
        try team.write(
            "manifests/staging/file.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: staging/file}\nspec: {value: {fromFile: v.age}}\n")
        try team.write("manifests/staging/v.age", try team.plainAge(value("file"), for: ["controller"], indent: 0))
        try team.writeUnbound("staging/unbound", value("unbound"), for: ["controller"])
        try team.writeUnbound("staging/foreign", value("foreign"), for: ["carol"])
        try team.repository.commit()

        var scanner = LeakScanner(canaries)
        func run(_ words: String..., variables: [String: String?] = [:]) throws {
            let result = try team.user.reseal(words, variables: variables, directory: team.repository.path)
            scanner.scan(result.stdout, at: "the output of \(words)")
            scanner.scan(result.stderr, at: "the errors of \(words)")
        }
        let key = ["--identity", team.identity("controller")]
        try run("recipients", "list", "--values", "--json")
        try run("recipients", "check", "--json")
        try run("rekey", key[0], key[1], "--dry-run", "--json")
        for point in ["rekey.resealed:2", "worktree.beforeSync", "worktree.beforeRename:2"] {
            try run("rekey", key[0], key[1], variables: ["RESEAL_FAULT": point])
        }
        try run("rekey", key[0], key[1], "--json")
        try run("recipients", "add", team["carol"], "--group", "sre", "--json")
        try run("offboard", "bob", key[0], key[1], "--report", team.user.folder.file("ticket.md"))
        try team.seal("staging/db", value("new"))
        try run("offboard", "--status", key[0], key[1])
        try run("offboard", "--status", key[0], key[1], "--json")
        try team.repository.commit()

        try scanner.scan(folder: team.user.folder.path) { _ in [] }
        try scanner.scan(repository: team.repository.path)
        #expect(scanner.leaks == [])
        #expect(scanner.scanned > 10_000)
        // The scanner would have found them.
        var proof = LeakScanner(canaries)
        proof.scan(Array(value("new").utf8), at: "here")
        #expect(proof.leaks.count == 1)
    }
}
