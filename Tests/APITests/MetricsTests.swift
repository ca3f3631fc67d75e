import Foundation
import ResealCore
import TestSupport
import Testing

/// What `reseal serve --metrics` tells of itself.
@Suite struct MetricsTests {
    private func page(_ port: Int64, _ path: String = "metrics") throws -> String {
        try Command.check("curl", ["--silent", "--max-time", "30", "http://127.0.0.1:\(port)/\(path)"]).text
    }

    @Test func eachAnswerIsCounted() throws {
        let (api, token, _) = try RunningAPI.withWriter(["--metrics", "127.0.0.1:0"])
        let port = try #require(try RunningAPI.line("metrics listening", in: api.user)["port"]?.integerValue)
        #expect(try page(port, "healthz") == "ok")
        #expect(try page(port, "readyz") == "{\"sources\":[]}")
        #expect(try !page(port).contains("reseal_api"))
        let body = #"{"data":{"n":"canary-of-metrics"}}"#
        #expect(try api.ask("POST", "secret/data/app/canary", body, token: token).status == 200)
        for _ in 0..<4 { #expect(try api.ask("GET", "secret/data/app/canary", token: token).status == 200) }
        #expect(try api.ask("GET", "secret/data/app/none", token: token).status == 404)
        #expect(try api.ask("GET", "secret/data/app/canary", token: "wrong").status == 403)
        // A body of unknown length goes the other way through the server.
        let chunked = try api.ask(
            "POST", "secret/data/app/other", body, token: token, headers: ["Transfer-Encoding: chunked"])
        #expect(chunked.status == 200)
        let text = try page(port)
        for line in [
            "reseal_api_requests_total{code=\"200\"} 6\n", "reseal_api_requests_total{code=\"403\"} 1\n",
            "reseal_api_requests_total{code=\"404\"} 1\n", "reseal_api_request_duration_seconds_count 8\n",
            #"reseal_api_request_duration_seconds_bucket{le="+Inf"} 8"#, "# TYPE reseal_build_info gauge",
        ] {
            #expect(text.contains(line), "\(text)")
        }
        #expect(!text.contains("canary") && !text.contains(token))
        // Metrics are all that is told there.
        #expect(try page(port, "v1/secret/data/app/canary").contains("canary-of-metrics") == false)
        try api.stop()
    }

    @Test func anAddressThatIsNoneIsRefused() throws {
        let user = try Installation.applied()
        let refused = try user.reseal(["serve", "--metrics", "nowhere"])
        #expect(refused.status == 64 && refused.errorText.contains("--metrics"), "\(refused.errorText)")
    }
}
