import Foundation
import ResealCore
import TestSupport
import Testing

/// `get`, `get-many`, `set`, `list`, `versions`, `rollback` and `delete`.
@Suite struct SecretCommandTests {
    let user: Installation

    init() throws { user = try Installation.applied() }

    // MARK: Reading

    @Test func everyTypeComesBack() throws {
        for field in SampleRepository.fields {
            let options = field.field.isEmpty ? [] : ["--field", field.field]
            let result = try user.reseal(["get", field.secret] + options)
            #expect(result.stdout == Array(field.value.utf8), "\(field.secret): \(result.text) \(result.errorText)")
            #expect(result.errorText == "")
        }
        try user.expect(
            "get", "prod/orders-db",
            prints: [#"{"host":"db.internal","password":"database-password","port":5432,"username":"orders"}"#])
        try user.expect(
            "get", "prod/settings",
            prints: [#"{"debug":false,"smtp":{"host":"mail.internal","password":"nested-config-password"}}"#])
    }

    @Test func oneSecretAsJSON() throws {
        let members: Set = ["name", "organization", "version", "created_at", "value"]
        let whole = try user.expectJSON("get", "prod/orders-db", "--json", members: members)
        #expect(whole["value"]?["port"]?.integerValue == 5432)
        #expect(whole["version"]?.integerValue == 1)
        let field = try user.expectJSON("get", "prod/orders-db", "--field", "password", "--json", members: members)
        #expect(field["value"]?.stringValue == "database-password")
    }

    @Test func aFieldThatIsNotThereIsAnErrorInEitherForm() throws {
        let result = try user.expectFailure(
            "get", "prod/orders-db", "--field", "pasword", code: "vault.field-not-found")
        #expect(result.errorText.contains("did you mean `password`?"))
        for run in user.runs.suffix(2) { #expect(!run.result.text.contains("database-password")) }
        try user.expectFailure("get", "prod/note", "--field", "x", code: "vault.field-not-found")
    }

    @Test func olderVersions() throws {
        try user.check("set", "prod/note", stdin: "second")
        try user.expect("get", "prod/note", prints: ["second"])
        try user.expect("get", "prod/note", "--version", "1", prints: ["generic-value"])
        try user.expect("get", "prod/note", "--version", "2", "--json", prints: [#""version":2"#])
        let failure = try user.expectFailure("get", "prod/note", "--version", "9", code: "vault.version-not-found")
        #expect(failure.errorText.contains("its versions are 1 to 2"))
        try user.expect("get", "prod/note", "--version", "x", exits: 64, notes: ["--version", "Usage:"])
    }

    @Test func severalAtOnceOrNone() throws {
        let members: Set = ["name", "organization", "version", "created_at", "value"]
        let both = try user.expectJSON("get-many", "prod/tls", "prod/note", members: members)
        #expect(both.arrayValue?.map { $0["name"]?.stringValue } == ["prod/tls", "prod/note"])
        let piped = try user.expectJSON("get-many", "-", "--json", members: members, stdin: "prod/note\nprod/signing\n")
        #expect(piped.arrayValue?.count == 2)
        let failure = try user.expectFailure("get-many", "prod/note", "prod/nte", code: "vault.secret-not-found")
        #expect(!failure.text.contains("generic-value"))
        #expect(failure.errorText.contains("did you mean `prod/note`?"))
    }

    @Test func binaryValues() throws {
        let bytes = (0..<1024).map { UInt8(truncatingIfNeeded: $0 &* 7) } + [0, 0xff, 0x0a, 0x0a]
        let file = try user.folder.write(bytes, to: "binary")
        try user.check("set", "made/binary", "--from-file", file)
        #expect(try user.reseal(["get", "made/binary"]).stdout == bytes)
        let json = try JSON(parsing: try user.reseal(["get", "made/binary", "--json"]).stdout)
        #expect(Data(base64Encoded: json["value"]?.stringValue ?? "") == Data(bytes))
    }

    // MARK: Writing

    @Test func aManagedSecretWarnsAndDrifts() throws {
        try user.expect(
            "set", "prod/note",
            notes: ["wrote prod/note, version 2", "warning: Git manages prod/note", "reseal seal prod/note"],
            stdin: "by hand")
        try user.expect("list", "prod/note", prints: ["drifted (value)", "git"])
        // The repository's policy is to report.
        try user.expect("plan", prints: ["Drift", "prod/note", "reported"])
        try user.expect("apply", "--yes")
        try user.expect("get", "prod/note", prints: ["by hand"])
        // This secret's own is to revert.
        try user.check("set", "prod/strict", stdin: "by hand")
        try user.expect("plan", "--detailed-exitcode", exits: 2, prints: ["revertDrift", "prod/strict"])
        try user.check("apply", "--yes")
        try user.expect("get", "prod/strict", prints: ["reverted-when-drifted"])
        try user.expect("list", "prod/strict", prints: ["active"])
        try user.expect("versions", "prod/strict", prints: ["manual", "git"])
    }

    @Test func theOutcomeOfWritesAsJSON() throws {
        let members: Set = ["name", "organization", "version", "managed_by_git"]
        let set = try user.expectJSON("set", "made/new", "--json", members: members, stdin: "1")
        #expect(set["managed_by_git"]?.boolValue == false)
        try user.check("set", "made/new", stdin: "2")
        let back = try user.expectJSON("rollback", "made/new", "--json", members: members)
        #expect(back["version"]?.integerValue == 3)
        try user.expectJSON("delete", "made/new", "--json", members: members)
    }

    @Test func fieldsOneByOne() throws {
        try user.check("set", "made/login", "--field", "user", stdin: "ada")
        try user.check("set", "made/login", "--field", "tls.key", stdin: "pem")
        try user.expect("get", "made/login", prints: [#"{"tls":{"key":"pem"},"user":"ada"}"#])
        try user.check("set", "made/scalar", stdin: "x")
        try user.expectFailure("set", "made/scalar", "--field", "user", code: "vault.invalid-value", stdin: "x")
        try user.expectFailure("set", "made/login", "--field", "user.name", code: "vault.invalid-value", stdin: "x")
        try user.expectFailure(
            "set", "made/login", "--field", String(repeating: "x", count: 100_000), exits: 64, code: "usage", stdin: "x"
        )
    }

    @Test func fieldsSetAtTheSameTimeAreAllKept() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask { try user.check("set", "made/shared", "--field", "f\(number)", stdin: "\(number)") }
            }
            try await group.waitForAll()
        }
        try user.expect("get", "made/shared", prints: [#"{"f0":"0","f1":"1","f2":"2","f3":"3","f4":"4","f5":"5"}"#])
        try user.expect("versions", "made/shared", prints: ["\n6 "])
    }

    @Test func hiddenPromptAndInsecureValue() throws {
        let typed = try user.atTerminal(
            ["set", "made/typed"], dialogue: [.init("Value of made/typed: ", "typed value\n")])
        #expect(typed.status == 0)
        #expect(!typed.screen.contains("typed value"))
        try user.expect("get", "made/typed", prints: ["typed value"])
        try user.expect("set", "made/typed", "--insecure-value", "on argv", notes: ["version 2"])
        try user.expect("get", "made/typed", prints: ["on argv"])
        try user.expect(
            "set", "made/typed", "--insecure-value", "a", "--from-file", "b", exits: 64, notes: ["exclude each other"])
    }

    // MARK: Versions, rollback and deletion

    @Test func rollbackMakesANewVersion() throws {
        for value in ["two", "three"] { try user.check("set", "prod/note", stdin: value) }
        try user.expect("rollback", "prod/note", notes: ["rolled back prod/note, version 4", "warning: Git manages"])
        try user.expect("get", "prod/note", prints: ["two"])
        try user.expect("rollback", "prod/note", "--to", "1", notes: ["version 5"])
        try user.expect("get", "prod/note", prints: ["generic-value"])
        let members: Set = [
            "version", "state", "origin", "created_at", "created_by", "source", "restored_from", "kept_until",
            "destroyed_at",
        ]
        let versions = try user.expectJSON("versions", "prod/note", "--json", members: members)
        #expect(versions.arrayValue?.map { $0["restored_from"]?.integerValue } == [nil, nil, nil, 2, 1])
        #expect(versions.arrayValue?.last?["state"]?.stringValue == "current")
        try user.expect("versions", "prod/note", prints: ["rollback to 1", "manifests/all.yaml:"])
        try user.expectFailure("rollback", "prod/note", "--to", "77", code: "vault.version-not-found")
        try user.expectFailure("rollback", "prod/tls", code: "vault.version-not-found")
    }

    @Test func deletionIsSoftUntilItIsNot() throws {
        try user.expect("delete", "prod/note", notes: ["deleted prod/note", "warning: Git manages"])
        let failure = try user.expectFailure("get", "prod/note", code: "vault.secret-deleted")
        #expect(failure.errorText.contains("reseal rollback prod/note"))
        try user.expectFailure("delete", "prod/note", code: "vault.secret-deleted")
        #expect(!(try user.expect("list").text.contains("prod/note")))
        try user.expect("list", "--deleted", prints: ["prod/note"])
        try user.expect("rollback", "prod/note")
        try user.expect("get", "prod/note", prints: ["generic-value"])
        try user.expect("delete", "prod/note", "--destroy", notes: ["destroyed prod/note"])
        try user.expectFailure("rollback", "prod/note", code: "vault.version-not-found")
        try user.expect("versions", "prod/note", prints: ["destroyed"])
        try user.expect("audit", "verify", prints: ["is whole"])
    }

    @Test func protectionHolds() throws {
        for options in [[], ["--destroy"]] {
            let result = try user.reseal(["delete", "prod/kept"] + options)
            #expect(result.status == 1)
            #expect(result.errorText.contains("[vault.deletion-protected]"))
        }
        try user.expect("get", "prod/kept", prints: ["protected-value"])
    }

    @Test func listing() throws {
        let members: Set = [
            "name", "organization", "version", "active", "managed_by_git", "drift", "updated_at", "manifest",
        ]
        let all = try user.expectJSON("list", "--json", members: members)
        #expect(all.arrayValue?.count == SampleRepository.fields.count)
        #expect(all.arrayValue?.first { $0["name"] == "prod/maps-api" }?["manifest"]?["spec"]?["type"] == "api-key")
        try user.check("set", "made/by-hand", stdin: "x")
        let made = try user.expectJSON("list", "made/", "--json", members: members)
        #expect(made.arrayValue?.first?["managed_by_git"]?.boolValue == false)
        #expect(try user.expectJSON("list", "zzz", "--json", members: members).arrayValue?.isEmpty == true)
        #expect(try user.expectJSON("list", "--org", "other", "--json", members: members).arrayValue?.isEmpty == true)
        try user.check("set", "made/by-hand", "--org", "other", stdin: "y")
        try user.expect("get", "made/by-hand", "--organization", "other", prints: ["y"])
        try user.expect("get", "made/by-hand", prints: ["x"])
    }

    @Test(arguments: ["get", "versions", "rollback", "delete", "set"])
    func namesAreJudged(command: String) throws {
        try user.expectFailure(command, "../etc", code: "name.invalid", stdin: "x")
        try user.expectFailure(command, "UPPER", code: "name.invalid", stdin: "x")
        try user.expectFailure(command, "x", "--as", "nobody", exits: 64, code: "usage", stdin: "x")
        if command != "set" {
            let failure = try user.expectFailure(command, "prod/order-db", code: "vault.secret-not-found")
            #expect(failure.errorText.contains("did you mean `prod/orders-db`?"))
        }
    }
}
