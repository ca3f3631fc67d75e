import Foundation
import ResealCore
import TestSupport
import Testing

/// Rotations that are asked for over the network.
@Suite struct RotationTests {
    private let api: RunningAPI
    private let token: String
    private let pin: String

    init() throws {
        let user = try Installation.sealed()
        func secret(_ name: String, _ lines: String) -> String {
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: \(name)}\nspec:\n\(lines)\n"
        }
        let turner = "  permissions: {read: [\"service:app\"], rotate: [\"service:app\"]}\n"
        let mine = turner.replacing("}", with: ", write: [\"service:app\"]}")
        let password = "  rotation: {generate: {kind: password, length: 24}}"
        for (file, text) in [
            "manifests/app-pw.yaml": secret("app/pw", mine + password),
            "manifests/app-read.yaml": secret("app/read", "  permissions: {read: [\"service:app\"]}\n" + password),
            "manifests/app-exec.yaml": secret(
                "app/exec", mine + "  rotation: {generate: {kind: password}, handler: {exec: {command: nowhere}}}"),
            "manifests/app-none.yaml": secret("app/none", mine),
            "manifests/app-turn.yaml": secret("app/turn", turner + password),
            "manifests/app-mail.yaml": secret(
                "app/mail",
                mine + "  rotation: {generate: {kind: password}, handler: {http: {connection: mail, path: /rotate}}}"),
            "manifests/connection.yaml": """
            apiVersion: reseal/v1
            kind: Connection
            metadata: {name: mail}
            spec: {engine: http, endpoint: mail, signingKeyFrom: {secret: app/none}}

            """,
        ] { try user.repository.write(file, text) }
        try user.repository.commit()
        try FileManager.default.createDirectory(
            atPath: "\(user.home)/endpoints", withIntermediateDirectories: true)
        try Data("url: https://127.0.0.1:1/rotate\n".utf8)
            .write(to: URL(fileURLWithPath: "\(user.home)/endpoints/mail.yaml"))
        try user.check("apply", "--yes")
        api = try RunningAPI(user, plain: false)
        token = try api.token("service:app")
        pin = try #require(try RunningAPI.line("api listening", in: user)["pin"]?.stringValue)
    }

    private func rotate(_ name: String, _ body: String? = nil) throws -> (status: Int, code: String?, document: JSON?) {
        let answer = try api.ask("POST", "reseal/rotate/\(name)", body, token: token)
        return (answer.status, answer.document?[path: "error", "code"]?.stringValue, answer.document)
    }

    private func value(_ name: String) throws -> String? {
        try api.ask("GET", "reseal/secrets/\(name)", nil, token: token).document?["value"]?.stringValue
    }

    @Test func aValueIsRenewed() throws {
        let first = try rotate("app/pw", "{}")
        #expect(first.status == 200, "\(first)")
        #expect(first.document?["version"] == 1 && first.document?["write_back_pending"] == false)
        let made = try #require(try value("app/pw"))
        #expect(made.count == 24)
        let given = try rotate("app/pw", #"{"value":"canary-of-rotation"}"#)
        #expect(given.document?["version"] == 2 && given.document?["name"] == "app/pw")
        #expect(try value("app/pw") == "canary-of-rotation")
        let trail = try api.user.check("audit", "list", "--type", "vault.secret.rotate", "--secret", "app/pw").text
        #expect(trail.contains("asked for") && trail.contains("service:app") && !trail.contains("canary-of-rotation"))
        #expect(try RunningAPI.line("rotated", in: api.user)["secret"] == "app/pw")
        #expect(try api.user.reseal(["audit", "verify"]).status == 0)
    }

    @Test func whoChoosesTheValueHasToBeAWriter() throws {
        #expect(try rotate("app/turn", "{}").status == 200)
        let made = try value("app/turn")
        for body in [#"{"value":"mine"}"#, #"{"field":"other"}"#, #"{"value":"mine","field":"other"}"#] {
            let answer = try rotate("app/turn", body)
            #expect(answer.status == 403 && answer.code == "access.denied", "\(body)")
        }
        #expect(try value("app/turn") == made)
    }

    @Test func whoMayNotIsToldNothing() throws {
        for name in ["app/read", "prod/orders-db", "app/never"] {
            let answer = try rotate(name, "{}")
            #expect(answer.status == 403 && answer.code == "access.denied", "\(name): \(answer)")
        }
        #expect(try api.user.reseal(["versions", "app/read", "--json"]).text.contains("\"version\"") == false)
        let refused = try api.user.check(
            "audit", "list", "--type", "vault.secret.rotate", "--result", "refused", "--json"
        ).text
        #expect(refused.split(separator: "\n").count == 3)
    }

    @Test(arguments: [
        ("app/none", "{}", 409, "rotation.not-rotatable"), ("app/mail", "{}", 409, "vault.no-value"),
        ("app/exec", "{}", 502, "rotation.not-configured"),
        ("app/pw", #"{"value":5}"#, 400, "api.bad-request"), ("app/pw", #"{"to":"x"}"#, 400, "api.bad-request"),
        ("app/pw", #"{"field":""}"#, 400, "api.bad-request"), ("app/pw", "[]", 400, "api.bad-request"),
    ])
    func whatCannotBeIsSaid(_ name: String, _ body: String, _ status: Int, _ code: String) throws {
        let answer = try rotate(name, body)
        #expect(answer.status == status && answer.code == code, "\(answer)")
        // What its manifest refers to is none of the caller's business.
        #expect(name == "app/none" || answer.document?.canonical.contains("app/none") == false)
        #expect(try api.ask("GET", "reseal/secrets/\(name)", nil, token: token).status == 404)
    }

    @Test func theCommandAsksAServer() throws {
        let other = try Installation()
        try other.folder.write("\(token)\n", to: "token")
        func remote(_ words: [String], stdin: String = "") throws -> Command.Result {
            try other.reseal(
                words, stdin: Array(stdin.utf8),
                variables: [
                    "RESEAL_HOME": nil, "RESEAL_ADDR": api.base, "RESEAL_TOKEN_FILE": other.folder.file("token"),
                    "RESEAL_PIN": pin,
                ])
        }
        let rotated = try remote(["rotate", "app/pw"])
        #expect(rotated.status == 0 && rotated.errorText.hasPrefix("rotated app/pw: version 1 is current"))
        let given = try remote(["rotate", "app/pw", "--value-from-stdin", "--json"], stdin: "from-far-away")
        #expect(given.status == 0 && given.text.contains("\"version\":2"))
        #expect(try value("app/pw") == "from-far-away")
        let denied = try remote(["rotate", "app/read"])
        #expect(denied.status == 1 && denied.errorText.contains("permission denied"))
        for words in [["--due"], ["--all", "--label", "a=b"], ["app/pw", "--write"]] {
            let refused = try remote(["rotate", "--server", api.base] + words)
            #expect(refused.status != 0 && refused.errorText.contains("--server"), "\(refused.errorText)")
        }
    }
}
