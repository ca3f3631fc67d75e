import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// The API beside a running controller.
@Suite struct RunTests {
    @Test func aControllerServesWhatItApplied() throws {
        let user = try Installation.sealed()
        let path = "\(user.home)/config.yaml"
        let settings = try String(contentsOfFile: path, encoding: .utf8)
        try Data("\(settings)\napi: {listen: '127.0.0.1:0', plain-http: true}\n".utf8).write(
            to: URL(fileURLWithPath: path))
        let process = try user.start(["run", "--log-format", "json"])
        try RunningAPI.line("applied", in: user)
        let port = try RunningAPI.line("api listening", in: user)["port"]?.integerValue ?? 0
        let token = try user.check("token", "create", "service:orders").text
        let answer = try Command.check(
            "curl",
            [
                "--silent", "--max-time", "20", "--header",
                "X-Vault-Token: \(token.trimmingCharacters(in: .newlines))",
                "http://127.0.0.1:\(port)/v1/secret/data/prod/orders-db",
            ])
        let document = try JSON(parsing: answer.stdout)
        #expect(document[path: "data", "data", "password"] == "database-password")
        kill(process.id, SIGTERM)
        try RunningAPI.line("stopped", in: user)
    }

    @Test func mistakesOfTheSectionAreReportedWithTheirPlaces() throws {
        let user = try Installation.sealed()
        let path = "\(user.home)/config.yaml"
        let settings = try String(contentsOfFile: path, encoding: .utf8)
        for (section, words) in [
            ("{listen: nowhere}", ["`listen` is wrong"]), ("{tls-key: k}", ["needs its certificate"]),
            ("{listen: '0.0.0.0:1', plain-http: true}", ["in the clear"]), ("{listem: x}", ["did you mean `listen`?"]),
            ("{plain-http: true, tls-key: k, tls-certificate: c}", ["contradict"]),
        ] {
            try Data("\(settings)\napi: \(section)\n".utf8).write(to: URL(fileURLWithPath: path))
            let result = try user.reseal(["config", "check"])
            #expect(result.status == 1, "\(section)")
            for word in words { #expect(result.errorText.contains(word), "\(section): \(result.errorText)") }
        }
    }
}
