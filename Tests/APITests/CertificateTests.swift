import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// Logins by client certificates.
@Suite struct CertificateTests {
    private let user: Installation
    private let api: RunningAPI
    private var folder: TemporaryFolder { user.folder }

    init() throws {
        user = try Installation()
        try user.repository.write(
            "manifests/roles.yaml",
            """
            apiVersion: reseal/v1
            kind: Repository
            metadata: {name: repository}
            spec: {id: 0123456789abcdef}
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: orders}
            spec: {certificates: [orders.internal]}
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: reports}
            spec: {certificates: [reports@example.org, spiffe://example.org/reports]}
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: guests, organization: acme}
            spec: {certificates: [orders.internal]}
            """)
        try user.repository.commit()
        try user.check("init")
        try user.check("apply", "--yes", "--identity", user.identity, "--repo", user.repository.path)
        try Self.authority("ca", in: user.folder)
        api = try RunningAPI(
            user, plain: false,
            settings: """
                access:
                  - {names: [orders/*], principals: [role:orders], actions: [read, write]}
                  - {names: [reports/*], principals: [role:reports], actions: [read, write]}
                  - {names: [guests/*], organization: acme, principals: [role:guests], actions: [read]}
                api:
                  client-authority: \(user.folder.file("ca.pem"))
                  client-ttl: 5m
                """)
    }

    private static let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]

    private static func authority(_ name: String, in folder: TemporaryFolder) throws {
        try Command.check(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-keyout", folder.file("\(name).key")]
                + ["-out", folder.file("\(name).pem")] + curve)
    }

    /// Makes `NAME.pem` and `NAME.key`.
    private func certificate(
        _ name: String, subject: String = "/CN=orders.internal", authority: String = "ca", days: String = "2",
        extensions: [String] = ["extendedKeyUsage=clientAuth"]
    ) throws {
        try Command.check(
            "openssl",
            ["req", "-new", "-subj", subject, "-keyout", folder.file("\(name).key")]
                + ["-out", folder.file("\(name).csr")] + Self.curve)
        try folder.write(
            (["basicConstraints=critical,CA:FALSE"] + extensions).joined(separator: "\n"), to: "extensions")
        try Command.check(
            "openssl",
            ["x509", "-req", "-in", folder.file("\(name).csr"), "-CA", folder.file("\(authority).pem")]
                + ["-CAkey", folder.file("\(authority).key"), "-CAcreateserial", "-days", days]
                + ["-extfile", folder.file("extensions"), "-out", folder.file("\(name).pem")])
    }

    /// `nil` where no connection came about.
    private func logIn(
        _ name: String?, _ body: String = "{}", headers: [String] = [], at base: String? = nil
    ) throws -> (status: Int, document: JSON?)? {
        var line = ["--silent", "--max-time", "30", "--write-out", "\n%{http_code}", "--request", "POST"]
        line += ["--cacert", try #require(api.certificate), "--data-binary", body]
        for header in headers { line += ["--header", header] }
        if let name { line += ["--cert", folder.file("\(name).pem"), "--key", folder.file("\(name).key")] }
        let result = try Command.run("curl", line + ["\(base ?? api.base)/v1/auth/cert/login"])
        guard result.status == 0 else { return nil }
        let lines = result.text.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, try? JSON(parsing: Array(lines.dropLast().joined().utf8)))
    }

    private func reads(_ name: String, _ token: String?) throws -> Bool {
        let token = try #require(token)
        return try api.ask("GET", "secret/data/\(name)", token: token).status == 404
    }

    private func lastReason() throws -> String? {
        let trail = try user.check("audit", "list", "--type", "token.login", "--json").stdout
        let last = try JSON(parsing: try #require(trail.split(separator: 0x0a).last))
        return last["detail"]?.stringValue?.split(separator: ":").first.map(String.init)
    }

    @Test func itsNamesGiveRoles() throws {
        try certificate("orders")
        let reply = try #require(try logIn("orders"))
        #expect(reply.status == 200 && reply.document?[path: "auth", "renewable"] == false)
        #expect(reply.document?[path: "auth", "policies"] == ["service:cert/orders.internal"])
        let lifetime = reply.document?[path: "auth", "lease_duration"]?.integerValue ?? 0
        #expect((290...300).contains(lifetime))
        let token = reply.document?[path: "auth", "client_token"]?.stringValue
        #expect(try reads("orders/a", token) && !reads("reports/a", token))
        for name in ["email:reports@example.org", "URI:spiffe://example.org/reports"] {
            try certificate("reports", subject: "/O=Example", extensions: ["subjectAltName=\(name)"])
            let token = try logIn("reports")?.document?[path: "auth", "client_token"]?.stringValue
            #expect(try reads("reports/a", token) && !reads("orders/a", token))
        }
        try certificate("both", extensions: ["subjectAltName=email:reports@example.org"])
        let narrowed = try logIn("both", #"{"name":"reports"}"#)?.document?[path: "auth", "client_token"]?.stringValue
        #expect(try reads("reports/a", narrowed) && !reads("orders/a", narrowed))
        #expect(try user.check("audit", "list", "--type", "token.login").text.contains("roles: orders"))
    }

    @Test func theRolesOfAnOrganizationDecide() throws {
        try certificate("orders")
        let reply = try logIn("orders", headers: ["X-Vault-Namespace: acme"])
        let token = reply?.document?[path: "auth", "client_token"]?.stringValue
        #expect(try reads("guests/a", token) && !reads("orders/a", token))
        #expect(try logIn("orders", headers: ["X-Vault-Namespace: other"])?.status == 403)
        #expect(try lastReason() == "login.no-role")
    }

    @Test func whoIsNobodyGetsNothing() throws {
        #expect(try logIn(nil)?.status == 403)
        #expect(try lastReason() == "login.no-certificate")
        try certificate("nobody", subject: "/CN=nobody")
        #expect(try logIn("nobody")?.status == 403)
        #expect(try lastReason() == "login.no-role")
        try certificate("nameless", subject: "/O=Example")
        #expect(try logIn("nameless")?.status == 403)
        try certificate("ambiguous", subject: "/CN=orders.internal/CN=reports")
        #expect(try logIn("ambiguous")?.status == 403)
        #expect(try lastReason() == "login.malformed")
    }

    @Test func aWrongCertificateIsWorseThanNone() throws {
        try Self.authority("other", in: folder)
        try certificate("foreign", authority: "other")
        try certificate("expired", days: "-1")
        try certificate("server", extensions: ["extendedKeyUsage=serverAuth"])
        try certificate("intermediate")
        // An ordinary certificate is no authority.
        try certificate("forged", authority: "intermediate")
        for name in ["foreign", "expired", "server", "forged"] { #expect(try logIn(name) == nil, "\(name)") }
        // Tokens need none.
        let token = try api.token("service:app")
        #expect(try api.ask("GET", "auth/token/lookup-self", token: token).status == 200)
    }

    @Test func theAuthorityIsReadAgain() throws {
        try certificate("orders")
        #expect(try logIn("orders")?.status == 200)
        try Self.authority("next", in: folder)
        try certificate("later", authority: "next")
        #expect(try logIn("later") == nil)
        try FileManager.default.removeItem(atPath: folder.file("ca.pem"))
        try FileManager.default.copyItem(atPath: folder.file("next.pem"), toPath: folder.file("ca.pem"))
        kill(api.process.id, SIGHUP)
        let line = try RunningAPI.line("api listening", count: 2, in: user)
        let base = "https://127.0.0.1:\(line["port"]?.integerValue ?? 0)"
        #expect(try logIn("later", at: base)?.status == 200)
        #expect(try logIn("orders", at: base) == nil)
    }

    @Test func baoLogsIn() throws {
        try certificate("orders")
        let environment = user.environment.merging([
            "BAO_ADDR": api.base, "BAO_CACERT": try #require(api.certificate),
            "BAO_CLIENT_CERT": folder.file("orders.pem"), "BAO_CLIENT_KEY": folder.file("orders.key"),
        ]) { $1 }
        let result = try Command.run(
            try Command.find("bao"), ["write", "-format=json", "auth/cert/login", "name=orders"],
            environment: environment, directory: user.work, timeout: .seconds(60))
        #expect(result.status == 0, "\(result.errorText)")
        let token = try JSON(parsing: result.stdout)[path: "auth", "client_token"]?.stringValue
        #expect(try reads("orders/a", token))
    }

    @Test func mistakesOfTheSettingsAreReported() throws {
        let file = "\(user.home)/config.yaml"
        for (section, words) in [
            ("{client-authority: /ca.pem, plain-http: true}", "nobody shows a certificate"),
            ("{client-ttl: 2d}", "out of range"),
        ] {
            try Data("api: \(section)\n".utf8).write(to: URL(fileURLWithPath: file))
            let result = try user.reseal(["config", "check"])
            #expect(result.status == 1 && result.errorText.contains(words), "\(section): \(result.errorText)")
        }
        try Data("api: {listen: '127.0.0.1:0', client-authority: /nothing.pem}\n".utf8).write(
            to: URL(fileURLWithPath: file))
        let result = try user.reseal(["serve"])
        #expect(result.status != 0 && result.errorText.contains("authority of client certificates"))
    }
}
