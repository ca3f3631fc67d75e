import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// The commands against a server: the same output as with the vault itself.
@Suite struct RemoteCommandTests {
    private let api: RunningAPI
    private let token: String
    /// A person on another machine, as far as files are concerned.
    private let other: Installation
    private let pin: String

    init() throws {
        api = try RunningAPI(try Installation.applied(), plain: false, settings: RunningAPI.writerSettings)
        token = try api.token("service:app")
        other = try Installation()
        try other.folder.write("\(token)\n", to: "token")
        pin = try #require(try RunningAPI.line("api listening", in: api.user)["pin"]?.stringValue)
    }

    private func remote(_ words: [String], stdin: String = "") throws -> Command.Result {
        try other.reseal(
            words, stdin: Array(stdin.utf8),
            variables: [
                "RESEAL_HOME": nil, "RESEAL_ADDR": api.base, "RESEAL_TOKEN_FILE": other.folder.file("token"),
                "RESEAL_PIN": pin,
            ])
    }

    @Test func theyPrintTheSameAsWithAVaultOfOnesOwn() throws {
        let set = try remote(["set", "app/x"], stdin: "one\n")
        #expect(set.status == 0 && set.errorText == "wrote app/x, version 1")
        #expect(try remote(["set", "app/db", "--field", "tls.key"], stdin: "k").status == 0)
        #expect(try remote(["set", "app/x"], stdin: "two").status == 0)
        for words in [
            ["get", "app/x"], ["get", "app/x", "--version", "1"], ["get", "app/db", "--field", "tls.key"],
            ["get", "app/db", "--json"], ["get-many", "app/db", "app/x"], ["list", "app/"], ["versions", "app/x"],
            ["versions", "app/x", "--json"],
        ] {
            let (here, there) = (try api.user.reseal(words), try remote(words))
            #expect(there.status == 0 && there.stdout == here.stdout, "\(words): \(there.text) \(there.errorText)")
        }
        #expect(
            try remote(["rollback", "app/x", "--json"]).text
                == #"{"managed_by_git":false,"name":"app/x","organization":"default","version":3}"#)
        #expect(try remote(["delete", "app/x"]).errorText == "deleted app/x, version 3")
        #expect(try remote(["list", "app/", "--deleted"]).text.contains("deleted"))
        #expect(try remote(["get", "app/x"]).status == 1)
        let bytes = [UInt8]([0, 255, 10])
        try Data(bytes).write(to: URL(fileURLWithPath: other.folder.file("bytes")))
        #expect(try remote(["set", "app/bytes", "--from-file", other.folder.file("bytes")]).status == 0)
        #expect(try remote(["get", "app/bytes"]).stdout == bytes)
    }

    @Test func theyDoNotSayMoreThanTheServer() throws {
        let denied = try remote(["get", "prod/orders-db", "--json"])
        #expect(denied.status == 1 && denied.text.contains("access.denied"))
        #expect(try remote(["get", "prod/never", "--json"]).text == denied.text)
        #expect(try remote(["get", "app/x", "--org", "other"]).status == 64)
        #expect(try remote(["get", "app/x", "--as", "user:ada"]).status == 64)
        #expect(try remote(["get", "app/x", "--home", other.home, "--server", api.base]).status == 64)
        for option in ["--pin", "--ca-file", "--token-file"] {
            let stray = try other.reseal(["get", "app/x", option, pin])
            #expect(stray.status == 64 && stray.errorText.contains("\(option) is for a server"))
        }
        let plain = try other.reseal(
            ["get", "app/x", "--server", "http://vault.example.org", "--token-file", other.folder.file("token")])
        #expect(plain.status == 1 && plain.errorText.contains("in the clear"))
        let nobody = try other.reseal(["get", "app/x", "--server", api.base])
        #expect(nobody.status == 64 && nobody.errorText.contains("reseal login"))
    }

    @Test func loginIsRememberedAndEndedByLogout() throws {
        let variables = ["RESEAL_HOME": nil as String?]
        let login = try other.reseal(
            ["login", "--server", api.base, "--pin", pin], stdin: Array("\(token)\n".utf8), variables: variables)
        #expect(login.status == 0 && login.errorText == "logged in at \(api.base) as service:app")
        let path = other.folder.file("user/.config/reseal/login.json")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try other.check("set", "app/y", stdin: "x", variables: variables)
        #expect(try other.check("get", "app/y", variables: variables).text == "x")
        // The same server, named without its proof.
        #expect(try other.check("get", "app/y", "--server", api.base).text == "x")
        // What is said of the server's proof counts, and is never passed over for what was stored.
        let strange = "sha256//\(String(repeating: "A", count: 43))="
        for words in [["--pin", strange], ["--pin", strange, "--server", api.base]] {
            let result = try other.reseal(["get", "app/y"] + words, variables: variables)
            #expect(result.status == 1 && result.errorText.contains("http.tls"), "\(words)")
        }
        let authority = try #require(api.certificate)
        #expect(try other.check("get", "app/y", "--ca-file", authority, variables: variables).text == "x")
        // A vault of this machine that somebody names comes first.
        #expect(try other.reseal(["get", "app/y"]).errorText.contains("vault.not-initialized"))
        chmod(path, 0o644)
        #expect(try other.reseal(["get", "app/y"], variables: variables).errorText.contains("file.permissions"))
        chmod(path, 0o600)
        #expect(try other.check("logout", variables: variables).errorText == "logged out at \(api.base)")
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try api.ask("GET", "reseal/whoami", token: token).status == 401)
        let wrong = try other.reseal(
            ["login", "--server", api.base, "--pin", pin], stdin: Array("rsl_wrong".utf8), variables: variables)
        #expect(wrong.status == 1 && wrong.errorText.contains("token.invalid"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
