import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// The trail over the wire.
@Suite struct AuditTests {
    private static let settings = """
        access:
          - {names: [app/*], principals: [service:app], actions: [read, write]}
        audit-readers:
          - principals: [service:siem]
            everything: true
          - principals: [user:auditor]
          - {principals: [service:siem], organization: other}
        """

    private let api: RunningAPI

    init() throws {
        let user = try Installation()
        try user.check("init")
        try user.check("set", "app/db", stdin: "value-of-app-db")
        try user.check("set", "app/x", "--org", "other", stdin: "value-of-other")
        api = try RunningAPI(user, settings: Self.settings)
    }

    private func records(_ query: String, token: String) throws -> [JSON] {
        let answer = try api.ask("GET", "audit\(query)", token: token)
        #expect(answer.status == 200, "\(query): \(String(describing: answer.document))")
        return answer.document?[path: "data", "records"]?.arrayValue ?? []
    }

    @Test func onlyThoseWhomTheSettingsNameReadIt() throws {
        let app = try api.token("service:app")
        #expect(try api.ask("GET", "audit", token: app).status == 403)
        #expect(try api.ask("GET", "audit", token: nil).status == 403)
        #expect(try api.ask("GET", "audit", token: api.token("service:siem", "--prefix", "app/")).status == 403)
        #expect(try api.ask("GET", "audit", token: api.token("service:siem", "--allow", "read")).status == 403)
        #expect(try api.ask("GET", "audit", token: api.token("user:siem")).status == 403)
        let siem = try api.token("service:siem")
        let refused = try records("?type=audit.read&result=refused", token: siem)
        #expect(refused.count == 4)
        #expect(refused.first?["principal"] == "service:app")
        #expect(refused.allSatisfy { $0["detail"]?.stringValue?.contains("access.denied") == true })
        // Its own looks are records too.
        #expect(try records("?type=audit.read&principal=service:siem&result=ok", token: siem).count == 1)
        #expect(try api.ask("POST", "audit", "{}", token: siem).status == 405)
    }

    @Test func anOrganizationSeesItsOwn() throws {
        let all = try records("?limit=1000", token: api.token("service:siem"))
        #expect(all.contains { $0["subject"] == "Secret.other/app/x" } && all.contains { $0["subject"] == "" })
        let own = try records("?limit=1000", token: api.token("user:auditor"))
        #expect(own.contains { $0["subject"] == "Secret.default/app/db" })
        #expect(own.allSatisfy { $0["subject"]?.stringValue?.contains(".default/") == true })
        let other = try records("?limit=1000", token: api.token("service:siem", "--org", "other"))
        #expect(other.contains { $0["subject"] == "Secret.other/app/x" })
        #expect(other.allSatisfy { $0["subject"]?.stringValue?.contains(".other/") == true })
        let emergency = try api.token("user:ada", "--break-glass", "--reason", "INC-1")
        #expect(
            try records("", token: emergency).allSatisfy { $0["subject"]?.stringValue?.contains(".default/") == true })
    }

    @Test func filtersAndPages() throws {
        let app = try api.token("service:app")
        for _ in 0..<5 { _ = try api.ask("GET", "secret/data/app/db", token: app) }
        _ = try api.ask("GET", "secret/data/none", token: app)
        let siem = try api.token("service:siem")
        let reads = "type=vault.secret.read&principal=service:app&secret=app/db&result=ok&since=1h"
        #expect(try records("?\(reads)", token: siem).count == 5)
        #expect(try records("?\(reads)&until=1h", token: siem).isEmpty)
        #expect(try records("?type=vault.secret&secret=Secret.other/app/x", token: siem).count == 1)
        var found: [Int64] = []
        var after: Int64? = 0
        while let place = after {
            let page = try api.ask("GET", "audit?\(reads)&limit=2&after=\(place)", token: siem).document
            found += page?[path: "data", "records"]?.arrayValue?.compactMap { $0["seq"]?.integerValue } ?? []
            after = page?[path: "data", "next"]?.integerValue
        }
        #expect(found.count == 5 && found == found.sorted() && Set(found).count == 5)
        for query in [
            "tpye=git", "type=nothing", "type=vault.sec", "secret=App", "principal=alice", "result=bad", "since=soon",
            "after=x", "limit=0", "limit=1001", "limit=-1",
        ] { #expect(try api.ask("GET", "audit?\(query)", token: siem).status == 400, "\(query)") }
    }

    @Test func aRecordSaysFromWhereAndHow() throws {
        let made = try api.user.check("token", "create", "service:app", "--json").text
        let token = try JSON(parsing: Array(made.utf8))
        let text = try #require(token["token"]?.stringValue)
        let answer = try api.ask(
            "GET", "secret/data/app/db", token: text, headers: ["User-Agent: backup/1.2 (\u{e4}; <34>1 x)"])
        let records = try records("?type=vault.secret.read&principal=service:app", token: api.token("service:siem"))
        let record = try #require(records.last)
        #expect(record["source"] == "127.0.0.1" && record["user_agent"]?.stringValue?.hasPrefix("backup/1.2") == true)
        #expect(try record["request_id"]?.stringValue == #require(answer.document?["request_id"]?.stringValue))
        #expect(try record["detail"]?.stringValue == "token \(#require(token["accessor"]?.stringValue))")
        #expect(record["version"] == 1 && record["result"] == "ok")
    }

    @Test func nothingOfAValueIsInIt() throws {
        let text = try records("?limit=1000", token: api.token("service:siem")).map(\.canonical).joined()
        #expect(!text.contains("value-of-") && text.contains("\"hash\":"))
    }
}
