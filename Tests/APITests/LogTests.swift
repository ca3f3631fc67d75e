import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// What the server says beside its answers.
@Suite struct LogTests {
    @Test func aValueThatWasReadIsMaskedInTheLog() throws {
        let user = try Installation()
        try user.check("init")
        // A line of the log names the certificate, so that this value gets there by accident.
        let path = "\(user.home)/tls/server.pem"
        try user.check("set", "app/path", stdin: path)
        try user.check("set", "app/word", stdin: "listening")
        let api = try RunningAPI(
            user, plain: false, settings: "access: [{names: [app/*], principals: [service:app], actions: [read]}]")
        #expect(try RunningAPI.line("api listening", in: user)["certificate"]?.stringValue == path)
        let token = try api.token("service:app")
        #expect(try api.ask("GET", "secret/data/app/path", token: token).status == 200)
        #expect(try api.ask("GET", "secret/data/app/word", token: token).status == 200)
        kill(api.process.id, SIGHUP)
        let line = try RunningAPI.line("api listening", count: 2, in: user)
        #expect(line["certificate"]?.stringValue == "[REDACTED]")
    }
}
