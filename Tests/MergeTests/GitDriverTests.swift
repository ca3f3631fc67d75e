import Foundation
import ResealCore
import TestSupport
import Testing

/// The drivers at work in `git` itself.
@Suite struct GitDriverTests {
    let user: Installation
    private var repository: GitFixture { user.repository }
    private static let path = "manifests/all.yaml"

    init() throws {
        user = try Installation.sealed()
        try user.check("git", "install", directory: user.repository.path)
        try user.repository.commit("attributes")
    }

    private func text() throws -> String {
        try String(contentsOfFile: "\(repository.path)/\(Self.path)", encoding: .utf8)
    }

    private func git(_ words: String...) throws -> Command.Result {
        try Command.run("git", words, environment: GitFixture.environment, directory: repository.path)
    }

    private func seal(_ secret: String, _ field: String, _ value: String, on branch: String) throws {
        try repository.git("checkout", "--quiet", branch)
        try user.seal(secret, field, value)
        try repository.commit("\(secret) on \(branch)")
    }

    private func opened(_ secret: String, _ field: String, _ value: String) throws {
        try user.check("apply", "--yes", "--ref", "HEAD")
        let words = field.isEmpty ? [] : ["--field", field]
        #expect(try user.reseal(["get", secret] + words).text == value)
    }

    // MARK: Diff

    @Test func diffsShowSealedValuesAsLines() throws {
        try user.seal("prod/orders-db", "password", "another")
        for diff in [
            try repository.git("diff"), try repository.git("diff", "HEAD", "--", "manifests"),
            try {
                try repository.commit("change"); return try repository.git("log", "-p", "-1")
            }(),
            try repository.git("show", "HEAD"),
        ] {
            let changed = diff.split(separator: "\n").filter { $0.hasPrefix("+ ") || $0.hasPrefix("- ") }
            #expect(changed.count == 2 && !diff.contains("AGE ENCRYPTED"), "\(diff)")
            #expect(
                changed.first?.firstMatch(of: /^-    password: <sealed [0-9a-f]{16} #1, 1 recipient: controller>$/)
                    != nil)
            #expect(
                changed.last?.firstMatch(of: /^\+    password: <sealed [0-9a-f]{16} #2, 1 recipient: controller>$/)
                    != nil)
        }
        // Cached by now, and the same.
        #expect(try repository.git("log", "-p", "-1").contains("#2, 1 recipient: controller"))
        #expect(try repository.git("for-each-ref").contains("refs/notes/textconv/reseal"))
        // What Git stores and what it applies stays the ciphertext.
        #expect(try repository.git("show", "HEAD:\(Self.path)").contains("BEGIN AGE ENCRYPTED FILE"))
        #expect(try repository.git("format-patch", "-1", "--stdout").contains("BEGIN AGE ENCRYPTED FILE"))
    }

    @Test func diffsOfValueFiles() throws {
        try user.seal("prod/blob", "", "another")
        let diff = try repository.git("diff")
        #expect(diff.contains("manifests/blob.age") && !diff.contains("AGE ENCRYPTED"))
        #expect(diff.matches(of: /(?m)^[-+]<sealed [0-9a-f]{16} #\d, 1 recipient: controller>$/).count == 2)
    }

    // MARK: Merge

    @Test(arguments: ["merge", "rebase", "cherry-pick"]) func fieldsThatStandSideBySide(how: String) throws {
        // One document has two sealed fields on neighbouring lines.
        try repository.write(
            "manifests/pair.yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: pair}
            spec:
              value:
                one: ""
                two: ""

            """)
        try user.seal("pair", "one", "first")
        try user.seal("pair", "two", "second")
        try repository.commit("pair")
        try repository.git("branch", "side")
        try seal("pair", "one", "first of main", on: "main")
        try seal("pair", "two", "second of side", on: "side")
        switch how {
        case "merge":
            try repository.git("checkout", "--quiet", "main")
            try repository.git("merge", "--quiet", "-m", "merge", "side")
        case "rebase": try repository.git("rebase", "--quiet", "main")
        default:
            try repository.git("checkout", "--quiet", "main")
            try repository.git("cherry-pick", "side")
        }
        #expect(try repository.git("status", "--porcelain").isEmpty)
        try opened("pair", "one", "first of main")
        try opened("pair", "two", "second of side")
    }

    @Test func aConflictShowsBothSealedValuesWhole() throws {
        try repository.git("branch", "side")
        try seal("prod/orders-db", "password", "of main", on: "main")
        try seal("prod/tls", "key", "of main", on: "main")
        try seal("prod/orders-db", "password", "of side", on: "side")
        try repository.git("checkout", "--quiet", "main")
        let ours = try text()
        let result = try git("merge", "side")
        #expect(result.status == 1 && result.text.contains("CONFLICT (content)"))
        #expect(
            result.errorText.contains(
                "manifests/all.yaml: both sides changed spec.value.password of Secret default prod/orders-db"))
        let marked = try Marked(try text())
        #expect(marked.count == 1 && marked.ours == ours)
        // Taking a side is all that is left to do.
        try repository.write(Self.path, marked.theirs)
        try repository.commit("merged")
        try opened("prod/orders-db", "password", "of side")
        try opened("prod/tls", "key", "of main")
    }

    @Test func ancestorsThatConflictDoNotHinder() throws {
        // A criss-cross: both branches merge each other, and resolve a conflict in their own way.
        try repository.git("branch", "side")
        try seal("prod/orders-db", "password", "of main", on: "main")
        try seal("prod/orders-db", "password", "of side", on: "side")
        let (main, side) = try (repository.id("main").description, repository.id("side").description)
        for (branch, other) in [("main", side), ("side", main)] {
            try repository.git("checkout", "--quiet", branch)
            _ = try git("merge", other)
            try repository.git("checkout", branch == "main" ? "--ours" : "--theirs", Self.path)
            try repository.commit("merged \(branch)")
        }
        try seal("prod/tls", "key", "of side", on: "side")
        try repository.git("checkout", "--quiet", "main")
        try repository.git("merge", "--quiet", "-m", "again", "side")
        try opened("prod/tls", "key", "of side")
        try opened("prod/orders-db", "password", "of main")
    }

    @Test func aDriverThatCannotWorkLeavesTheFile() throws {
        let missing = try user.reseal([
            "git", "merge-driver", "/nonexistent/base", "\(repository.path)/\(Self.path)", "/x",
        ])
        #expect(missing.status == 129 && missing.errorText.contains("[file.unreadable]"))
        let folder = try TemporaryFolder()
        let files = try ["a: 1\n", "a: 2\n", "a: 3\n"].enumerated().map { try folder.write($1, to: "\($0)") }
        let killed = try user.reseal(
            ["git", "merge-driver"] + files, variables: ["RESEAL_FAULT": "file.beforeRename"])
        #expect(killed.status == 137)
        #expect(try folder.read("1") == Array("a: 2\n".utf8))
        #expect(try user.reseal(["git", "merge-driver", "-L", "9"] + files).status == 1)
        #expect(
            try folder.read("1")
                == Array("<<<<<<<<< ours\na: 2\n=========\na: 3\n>>>>>>>>> theirs\n".utf8))
        #expect(try user.reseal(["git", "merge-driver", "-L", "0"] + files).status == 64)
    }

    // MARK: Setting up

    private func config(_ key: String) throws -> String { try git("config", "--get", key).text }

    private var attributes: String { "\(repository.path)/manifests/.gitattributes" }

    @Test func installingTwiceChangesNothing() throws {
        let before = try String(contentsOfFile: "\(repository.path)/.git/config", encoding: .utf8)
        let again = try user.check("git", "install", directory: repository.path)
        #expect(again.errorText == "everything is in place already")
        #expect(try String(contentsOfFile: "\(repository.path)/.git/config", encoding: .utf8) == before)
        #expect(try repository.git("status", "--porcelain").isEmpty)
        #expect(try config("diff.reseal.cachetextconv") == "true")
        #expect(try config("merge.reseal.driver").hasSuffix(" git merge-driver -L %L -- %O %A %B %P"))
        let status = try user.check("git", "status", directory: repository.path).text
        #expect(status.split(separator: "\n").count == 9 && !status.contains("missing"))
        #expect(
            try user.check("git", "status", "--json", directory: repository.path).text.contains(#""installed":true"#))
        // The drivers are for the manifests only.
        #expect(
            try repository.git("check-attr", "merge", "README.yaml", "manifests/x/y.yaml").hasPrefix(
                "README.yaml: merge: unspecified\nmanifests/x/y.yaml: merge: reseal"))
    }

    @Test func uninstallingLeavesWhatOthersWrote() throws {
        try repository.git("config", "diff.reseal.wordRegex", ".")
        try repository.write(
            "manifests/.gitattributes", "# mine\n*.txt text\n" + String(contentsOfFile: attributes, encoding: .utf8))
        try user.check("git", "uninstall", directory: repository.path)
        #expect(try String(contentsOfFile: attributes, encoding: .utf8) == "# mine\n*.txt text\n")
        #expect(try config("diff.reseal.textconv").isEmpty && config("diff.reseal.wordRegex") == ".")
        let status = try user.reseal(["git", "status"], directory: repository.path)
        #expect(status.status == 1 && status.text.contains("missing"))
        #expect(try user.check("git", "uninstall", directory: repository.path).errorText == "nothing is installed")
        try user.check("git", "install", directory: repository.path)
        try repository.write(
            "manifests/.gitattributes",
            String(contentsOfFile: attributes, encoding: .utf8).replacing("# mine\n*.txt text\n", with: ""))
        try user.check("git", "uninstall", directory: repository.path)
        #expect(!FileManager.default.fileExists(atPath: attributes))
    }

    @Test func theConfigurationOfTheUser() throws {
        try user.check("git", "uninstall", directory: repository.path)
        let file = user.folder.file("user/.gitconfig")
        try Data("[user]\n\tname = Ada # me\n".utf8).write(to: URL(fileURLWithPath: file))
        try user.check("git", "install", "--global", directory: repository.path)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix("[user]\n\tname = Ada # me\n") && text.contains("cachetextconv = true"))
        #expect(try config("diff.reseal.textconv").isEmpty)
        try user.check("git", "status", "--global", directory: repository.path)
        try user.check("git", "uninstall", "--global", directory: repository.path)
        #expect(try !String(contentsOfFile: file, encoding: .utf8).contains("textconv"))
    }

    @Test func anotherFolderOfManifests() throws {
        try repository.git("mv", "manifests", "it's secret")
        try user.check("git", "install", "--path", "it's secret", directory: repository.path)
        try repository.commit("moved")
        let path = "\(repository.path)/it's secret/all.yaml"
        try repository.write("it's secret/all.yaml", String(contentsOfFile: path, encoding: .utf8) + "# more\n")
        try user.check(
            "seal", "prod/orders-db", "--field", "password", "--repo", repository.path, "--path", "it's secret",
            stdin: "another")
        #expect(try repository.git("diff").contains("#2, 1 recipient: controller>"))
    }
}
