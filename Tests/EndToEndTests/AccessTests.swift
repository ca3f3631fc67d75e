import Foundation
import ResealCore
import TestSupport
import Testing

/// `reseal access` on the sample repository.
@Suite struct AccessTests {
    let user: Installation

    init() throws { user = try Installation.applied() }

    @Test func explainNamesTheLinesThatAllow() throws {
        let result = try user.check("access", "explain", "user:ada", "prod/orders-db")
        #expect(result.text.hasPrefix("allowed: user:ada read Secret.default/prod/orders-db\n"))
        #expect(result.text.contains("manifests/all.yaml:"))
        #expect(result.text.contains("spec.permissions.read names role:sre"))
        #expect(result.text.contains("spec.members of role:sre names user:ada"))
    }

    @Test func explainSaysWhatIsMissing() throws {
        let result = try user.reseal([
            "access", "explain", "service:orders", "prod/orders-db", "--action", "write", "--json",
        ])
        #expect(result.status == 1)
        let document = try JSON(parsing: result.stdout)
        #expect(document["allowed"] == false && document["action"] == "write")
        let text = try #require(document["reasons"]?.arrayValue?.first?["text"]?.stringValue)
        #expect(text.contains("`spec.permissions.write` names neither service:orders"))
    }

    @Test func anotherOrganizationIsAWall() throws {
        let here = try user.reseal(["access", "explain", "user:ada", "prod/orders-db", "--organization", "acme"])
        #expect(here.status == 1 && here.text.contains("no manifest describes prod/orders-db"))
    }

    @Test func whoAndListMirrorEachOther() throws {
        let who = try JSON(parsing: user.check("access", "who", "prod/orders-db", "--json").stdout)
        let actions = Dictionary(
            uniqueKeysWithValues: (who.arrayValue ?? []).map {
                ($0["principal"]?.stringValue ?? "", $0["actions"]?.arrayValue?.compactMap(\.stringValue) ?? [])
            })
        #expect(Set(actions.keys) == ["role:sre", "service:orders", "service:pager", "user:ada"])
        #expect(actions["service:orders"] == ["read", "list"] && actions["user:ada"] == ["read", "write", "list"])
        let list = try user.check("access", "list", "user:ada")
        #expect(list.text.contains("Secret.default/prod/orders-db  read, write, list"))
        #expect(!list.text.contains("prod/tls"))
    }

    @Test func settingsSpeakForSecretsWithoutAManifest() throws {
        try user.append(
            """
            access:
              - names: [scratch/*]
                principals: [user:eve]
                actions: [read, write]
            """)
        let free = try user.check("access", "explain", "user:eve", "scratch/x", "--action", "write")
        #expect(free.text.contains("config.yaml, access[0]: the rule for scratch/* (write) names user:eve"))
        #expect(try user.reseal(["access", "explain", "user:eve", "prod/note"]).status == 1)
        try user.append("x: y")
        #expect(
            try user.reseal(["access", "explain", "user:eve", "scratch/x"]).errorText.contains("config.unknown-key"))
    }

    @Test func aRuleWithMistakesIsRefusedWithItsPlace() throws {
        try user.append("access: [{names: [Up*], principals: [eve], actions: [fly]}]")
        let result = try user.reseal(["access", "list", "user:eve"])
        #expect(result.status == 1)
        for word in ["`names`", "`principals`", "`actions`", "config.yaml:"] {
            #expect(result.errorText.contains(word))
        }
    }

    @Test func looksAreRecorded() throws {
        try user.check("access", "who", "prod/note", "--as", "user:boss")
        let trail = try user.check("audit", "list", "--principal", "user:boss", "--json")
        #expect(trail.text.contains("\"action\":\"access.read\""))
    }
}

extension Installation {
    fileprivate func append(_ text: String) throws {
        let path = "\(home)/config.yaml"
        let old = try String(contentsOfFile: path, encoding: .utf8)
        try Data("\(old)\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
    }
}
