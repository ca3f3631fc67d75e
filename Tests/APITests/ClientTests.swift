import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// The clients that people have: the command `bao` and the library hvac, over TLS with the server's own certificate.
@Suite struct ClientTests {
    private let api: RunningAPI
    private let token: String

    init() throws {
        let user = try Installation()
        try user.check("init")
        api = try RunningAPI(
            user, plain: false,
            settings: """
                access:
                  - names: [app/*]
                    principals: [service:app]
                    actions: [read, write, delete]
                """)
        token = try api.token("service:app")
    }

    private func bao(_ words: String...) throws -> Command.Result { try bao(words) }

    private func bao(_ words: [String]) throws -> Command.Result {
        let environment = api.user.environment.merging([
            "BAO_ADDR": api.base, "BAO_TOKEN": token, "BAO_CACERT": try #require(api.certificate),
        ]) { $1 }
        return try Command.run(
            try Command.find("bao"), words, environment: environment, directory: api.user.work, timeout: .seconds(60))
    }

    private func check(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let result = try bao(words)
        #expect(
            result.status == 0, "bao \(words): \(result.text) \(result.errorText)", sourceLocation: sourceLocation)
        return result.text
    }

    @Test func baoKeepsSecrets() throws {
        #expect(try check("kv", "put", "secret/app/db", "user=ada", "password=one").contains("version"))
        #expect(try check("kv", "put", "-mount=secret", "app/db", "user=ada", "password=two").contains("2"))
        #expect(try check("kv", "get", "-field=password", "secret/app/db").hasPrefix("two"))
        #expect(try check("kv", "get", "-version=1", "-field=password", "-mount=secret", "app/db").hasPrefix("one"))
        _ = try check("kv", "patch", "-mount=secret", "app/db", "password=three")
        let json = try JSON(parsing: Array(check("kv", "get", "-format=json", "secret/app/db").utf8))
        #expect(json[path: "data", "data"] == ["user": "ada", "password": "three"])
        #expect(try check("kv", "list", "secret/app").contains("db"))
        let refused = try bao("kv", "put", "-cas=1", "secret/app/db", "a=b")
        #expect(refused.status == 2 && refused.errorText.contains("did not match the current version"))

        _ = try check("kv", "delete", "secret/app/db")
        #expect(try bao("kv", "get", "-field=password", "secret/app/db").status == 2)
        _ = try check("kv", "undelete", "-versions=3", "secret/app/db")
        _ = try check("kv", "rollback", "-version=1", "secret/app/db")
        #expect(try check("kv", "get", "-field=password", "secret/app/db").hasPrefix("one"))
        _ = try check("kv", "destroy", "-versions=2", "secret/app/db")
        _ = try check("kv", "metadata", "put", "-custom-metadata=team=a", "-max-versions=7", "secret/app/db")
        let metadata = try check("kv", "metadata", "get", "secret/app/db")
        #expect(metadata.contains("team:a") && metadata.contains("7"))
        _ = try check("kv", "metadata", "delete", "secret/app/db")
        #expect(try bao("kv", "get", "secret/app/db").errorText.contains("No value found"))
        #expect(try bao("kv", "get", "secret/other").errorText.contains("403"))
        #expect(try bao("kv", "get", "kv/other").errorText.contains("preflight capability check returned 403"))
    }

    @Test func baoKnowsItsToken() throws {
        #expect(try check("token", "lookup").contains("service:app"))
        #expect(try check("token", "capabilities", "secret/data/app/x").contains("read"))
        _ = try check("token", "renew", "-increment=30m")
        let made = try JSON(parsing: Array(check("token", "create", "-ttl=5m", "-format=json").utf8))
        #expect(made[path: "auth", "client_token"]?.stringValue?.hasPrefix("rsl_") == true)
        #expect(try check("status").contains("Sealed"))
        #expect(try check("secrets", "list").contains("secret/"))
        _ = try check("token", "revoke", "-self")
        #expect(try bao("token", "lookup").status == 2)
    }

    @Test func hvacKeepsSecrets() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Scripts/hvac_client.py"
        let result = try Command.run(
            try Command.find("python3"), [script, api.base, token, try #require(api.certificate)],
            environment: api.user.environment, directory: api.user.work, timeout: .seconds(60))
        #expect(result.status == 0 && result.text.contains("all done"), "\(result.text) \(result.errorText)")
    }

    @Test func onlyTLS13AndItsOwnPin() throws {
        let line = try RunningAPI.line("api listening", in: api.user)
        let pin = try #require(line["pin"]?.stringValue)
        let url = "\(api.base)/v1/sys/health"
        let curl = ["--silent", "--max-time", "20", "--insecure"]
        #expect(try Command.run("curl", curl + ["--pinnedpubkey", pin, url]).status == 0)
        let wrong = "sha256//\(String(repeating: "A", count: 43))="
        #expect(try Command.run("curl", curl + ["--pinnedpubkey", wrong, url]).status == 90)
        #expect(try Command.run("curl", curl + ["--tls-max", "1.2", url]).status == 35)
        #expect(try Command.run("curl", ["--silent", "--max-time", "20", url]).status == 60)
    }

    @Test func aNewCertificateIsTakenWithoutARestart() throws {
        let before = try String(contentsOfFile: "\(api.user.home)/tls/server.pin", encoding: .utf8)
        try FileManager.default.removeItem(atPath: "\(api.user.home)/tls/server.pem")
        kill(api.process.id, SIGHUP)
        let line = try RunningAPI.line("api listening", count: 2, in: api.user)
        #expect(line["pin"]?.stringValue != before)
        // Port 0 gives another one.
        let url = "https://127.0.0.1:\(line["port"]?.integerValue ?? 0)/v1/sys/health"
        #expect(
            try Command.run(
                "curl", ["--silent", "--max-time", "20", "--cacert", "\(api.user.home)/tls/server.pem", url]
            ).status == 0)
    }

    @Test func plainHTTPIsForThisMachineOnly() throws {
        let refused = try api.user.reseal(["serve", "--listen", "0.0.0.0:0", "--plain-http"])
        #expect(refused.status == 64 && refused.errorText.contains("in the clear"))
    }
}
