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

    @Test func whoProvesARoleIsListedAndExplained() throws {
        try user.repository.write(
            "manifests/deployers.yaml",
            """
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: deployers}
            spec:
              oidc:
                - {provider: github, claims: {repository: octo-org/shop, ref: refs/heads/*}}
              certificates: [orders.internal]
            ---
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: deploy}
            spec: {value: {user: deploy}, permissions: {read: [role:deployers]}}

            """)
        try user.repository.commit("deployers")
        try user.check("apply", "--yes")
        let who = try user.check("access", "who", "deploy").text
        #expect(who.contains("role:deployers by github (ref=refs/heads/*, repository=octo-org/shop)  read, list"))
        #expect(who.contains("role:deployers by certificate orders.internal  "))
        let json = try JSON(parsing: user.check("access", "who", "deploy", "--json").stdout).arrayValue ?? []
        #expect(json.contains { $0["provider"] == "github" && $0["claims"]?["ref"] == "refs/heads/*" })
        #expect(json.contains { $0["certificate"] == "orders.internal" && $0["principal"] == "role:deployers" })

        let ci = ["access", "explain", "service:ci", "deploy", "--provider", "github"]
        let main = ["--claim", "ref=refs/heads/main"]
        let told = try user.reseal(ci + main + ["--claim", "repository=octo-org/shop"])
        #expect(told.status == 0 && told.text.contains("spec.oidc of role:deployers fits the claims"))
        #expect(try user.reseal(ci + main + ["--claim", "repository=octo-org/fork"]).status == 1)
        #expect(try user.reseal(ci).status == 64)
        #expect(try user.reseal(ci + ["--claim", "=x"]).status == 64)
        let certificate = ["access", "explain", "service:any", "deploy", "--certificate"]
        #expect(try user.reseal(certificate + ["orders.internal"]).status == 0)
        #expect(try user.reseal(certificate + ["other.internal"]).status == 1)
        let list = try user.check("access", "list", "service:any", "--certificate", "orders.internal").text
        #expect(list.contains("Secret.default/deploy  read, list"))
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
