import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct AuditTests {
    let user: Installation

    init() throws { user = try Installation.applied() }

    private func records(_ options: String...) throws -> [JSON] {
        let result = try user.reseal(["audit", "list", "--json"] + options)
        #expect(result.status == 0, "\(result.text) \(result.errorText)")
        return try result.stdout.split(separator: 0x0a).map { try JSON(parsing: $0) }
    }

    private func actions(_ options: String...) throws -> Set<String> {
        let result = try user.reseal(["audit", "list", "--json"] + options)
        return Set(try result.stdout.split(separator: 0x0a).map { try JSON(parsing: $0)["action"]?.stringValue ?? "" })
    }

    @Test func everyRecordHasTheDocumentedMembers() throws {
        let all = try records()
        let members: Set = [
            "seq", "time", "principal", "action", "subject", "version", "result", "source", "user_agent", "request_id",
            "commit", "detail", "hash",
        ]
        for record in all { #expect(Set((record.objectValue ?? [:]).keys) == members) }
        #expect(all.map { $0["seq"]?.integerValue } == Array(1...Int64(all.count)))
        #expect(all.first?["action"]?.stringValue == "vault.init")
        #expect(all.contains { $0["action"] == "git.apply" && $0["commit"]?.stringValue?.count == 40 })
        try user.expect("audit", "list", prints: ["SEQ", "PRINCIPAL", "vault.init"])
    }

    @Test func everyActionLeavesARecord() throws {
        let lines: [(line: [String], action: String, result: String)] = [
            (["get", "prod/note"], "vault.secret.read", "ok"), (["get", "nowhere"], "vault.secret.read", "failed"),
            (["get-many", "prod/note"], "vault.secret.read", "ok"), (["list"], "vault.secret.list", "ok"),
            (["versions", "prod/note"], "vault.secret.list", "ok"), (["set", "prod/note"], "vault.secret.write", "ok"),
            (["set", "made/new"], "vault.secret.create", "ok"),
            (["rollback", "prod/note"], "vault.secret.rollback", "ok"),
            (["delete", "prod/note"], "vault.secret.delete", "ok"),
            (["delete", "prod/kept"], "vault.secret.delete", "refused"), (["plan"], "git.plan", "ok"),
            (["audit", "list"], "audit.read", "ok"),
        ]
        for (line, action, result) in lines {
            _ = try user.reseal(line + ["--as", "service:tester"], stdin: Array("x".utf8))
            let last = try records("--principal", "service:tester").last
            #expect(last?["action"]?.stringValue == action, "\(line)")
            #expect(last?["result"]?.stringValue == result, "\(line)")
        }
    }

    @Test func filters() throws {
        try user.check("get", "prod/note", "--as", "user:ada")
        try user.check("set", "prod/tls", "--field", "key", "--as", "service:pager", stdin: "x")
        _ = try user.reseal(["get", "prod/nothing"])
        #expect(try actions("--type", "vault.secret.read") == ["vault.secret.read"])
        #expect(try actions("--type", "git") == ["git.apply"])
        #expect(try actions("--type", "vault.secret").isSuperset(of: ["vault.secret.read", "vault.secret.create"]))
        #expect(try actions("--secret", "prod/note") == ["vault.secret.create", "vault.secret.read"])
        #expect(try actions("--secret", "Secret.default/prod/note") == ["vault.secret.create", "vault.secret.read"])
        #expect(try records("--principal", "user:ada").count == 1)
        #expect(try actions("--result", "failed") == ["vault.secret.read"])
        #expect(try records("--limit", "2").count == 2)
        #expect(try records("--principal", "service:pager", "--type", "vault.secret.write").count == 1)
        #expect(try records("--principal", "service:pager", "--result", "failed").isEmpty)
    }

    @Test func periods() throws {
        let all = try records().count
        #expect(try records("--since", "30d").count > all)
        #expect(try records("--since", "1h30m").count > all)
        #expect(try records("--until", "30d").isEmpty)
        #expect(try records("--since", "2020-01-01").count > all)
        #expect(try records("--since", "2020-01-01T00:00:00Z", "--until", "2020-02-01T00:00:00+01:00").isEmpty)
        #expect(try records("--since", "2999-12-31").isEmpty)
    }

    @Test(arguments: [
        (["--type", "vault.secert"], "did you mean `vault.secret`?"),
        (["--type", "vault.secret.reed"], "did you mean `vault.secret.read`?"),
        (["--result", "refusd"], "did you mean `refused`?"), (["--since", "yesterday"], "30d"),
        (["--until", "2026-13-01"], "30d"), (["--principal", "ada"], "user:NAME"),
        (["--secret", "UPPER"], "prod/orders-db"),
    ])
    func aMisspeltConditionIsNoEmptyAnswer(options: [String], hint: String) throws {
        let result = try user.reseal(["audit", "list"] + options)
        #expect(result.status == 64)
        #expect(result.errorText.contains("hint: ") && result.errorText.contains(hint), "\(result.errorText)")
        let json = try JSON(parsing: try user.reseal(["audit", "list", "--json"] + options).stdout)
        #expect(json["error"]?["code"]?.stringValue == "usage")
    }

    @Test func verification() throws {
        let members: Set = ["whole", "records", "signed_heads", "head", "problems"]
        let report = try user.expectJSON("audit", "verify", "--json", members: members)
        #expect(report["whole"]?.boolValue == true)
        let head = try #require(report["head"]?.stringValue)
        try user.check("get", "prod/note")
        try user.expect("audit", "verify", "--expect-head", head, prints: ["is whole"])
        try user.expectFailure("audit", "verify", "--expect-head", "7", exits: 64, code: "usage")
        let foreign = "7:\(String(repeating: "ab", count: 32))"
        try user.expect("audit", "verify", "--expect-head", foreign, exits: 1, notes: ["older copy", "[audit.broken]"])
    }

    @Test(arguments: [
        "UPDATE audit SET detail = 'x' WHERE sequence = 3", "DELETE FROM audit WHERE sequence = 4",
        "UPDATE audit SET sequence = -1 WHERE sequence = 5", "DELETE FROM audit WHERE sequence > 8",
        "UPDATE audit_heads SET hash = zeroblob(32)",
        "UPDATE metadata SET value = CAST('9' AS BLOB) WHERE key = 'serial'",
    ])
    func tamperingIsFound(sql: String) throws {
        try Command.check(
            "python3",
            [
                "-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()",
                "\(user.home)/vault.db", sql,
            ])
        let result = try user.expect("audit", "verify", exits: 1, notes: ["error: ", "[audit.broken]"])
        #expect(!result.text.contains("is whole"))
        let report = try JSON(parsing: try user.reseal(["audit", "verify", "--json"]).stdout)
        #expect(report["whole"]?.boolValue == false)
        #expect(report["problems"]?.arrayValue?.isEmpty == false)
    }

    // MARK: Status

    @Test func statusTellsWhatTheVaultHolds() throws {
        let members: Set = [
            "home", "vault_serial", "secrets", "sources", "drifted", "conditions", "audit_head",
            "kek_created_at", "rotation_due", "rotations_running", "write_back_pending", "controller",
        ]
        let before = try user.expectJSON("status", "--json", members: members)
        #expect(before["secrets"]?["active"]?.integerValue == Int64(SampleRepository.fields.count))
        #expect(before["drifted"]?.arrayValue?.isEmpty == true)
        #expect(
            before["sources"]?.arrayValue?.first?["commit"]?.stringValue == (try user.repository.id("HEAD").description)
        )
        try user.check("set", "prod/note", stdin: "x")
        let after = try user.expectJSON("status", "--json", members: members)
        #expect(after["drifted"]?.arrayValue == ["Secret.default/prod/note"])
        #expect(after["vault_serial"]?.integerValue == 2)
        try user.expect("status", prints: ["(serial 2)", "Drift     prod/note", "Audit     head "])
    }
}
