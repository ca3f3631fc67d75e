import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// Records that somebody is told of.
@Suite(.serialized) struct AlertTests {
    private let place: AuditedPlace

    init() throws { place = try AuditedPlace() }

    @Test func alertsAreTold() throws {
        let sink = try WebSink()
        let sealed = try Installation.sealed()
        try sealed.check("set", "hr/salaries", stdin: "canary-of-salaries")
        let path = "\(sealed.home)/config.yaml"
        let settings = try String(contentsOfFile: path, encoding: .utf8)
        let rules = """
            alerts:
              - {name: payroll, type: vault.secret.read, secret: "hr/*"}
              - {name: burst, result: refused, count: 3, within: 1h, by: address}
              - {name: emergency, break-glass: true}
              - {name: never, type: vault.secret.read, secret: "hr/*", outside: "sun-sat 00:00-24:00"}
            audit-sinks: [{name: all, type: webhook, url: '\(sink.address("x"))'}]
            api: {listen: '127.0.0.1:0', plain-http: true}
            listen: 127.0.0.1:0
            """
        try Data("\(settings)\n\(rules)\n".utf8).write(to: URL(fileURLWithPath: path))
        let process = try sealed.start(["run", "--log-format", "json"])
        let port = try RunningAPI.line("api listening", in: sealed)["port"]?.integerValue ?? 0
        let metrics = try RunningAPI.line("listening", in: sealed)["port"]?.integerValue ?? 0
        func page() throws -> String {
            try Command.check("curl", ["--silent", "http://127.0.0.1:\(metrics)/metrics"]).text
        }
        // From then on records are judged.
        try place.wait("the beginning") { try page().contains("reseal_audit_sink_lag_records{sink=\"alerts\"} 0") }
        try sealed.check("get", "hr/salaries")
        for _ in 0..<3 {
            try Command.run(
                "curl", ["--silent", "-H", "X-Vault-Token: no", "http://127.0.0.1:\(port)/v1/secret/data/x"])
        }
        try sealed.check("token", "create", "user:ada", "--break-glass", "--reason", "INC-1")
        func alerts() -> [String] {
            RunningAPI.lines(of: sealed).filter { $0["event"] == "audit.alert" }.compactMap {
                $0["message"]?.stringValue
            }
        }
        try place.wait("three alerts") { alerts().count >= 3 }
        // When this one is told of, everything before it was judged.
        try sealed.check("get", "hr/salaries")
        try place.wait("a fourth") { alerts().count >= 4 }
        #expect(alerts().count == 4, "\(alerts())")
        #expect(alerts().contains { $0.hasPrefix("alert payroll: user:") && $0.contains("vault.secret.read") })
        #expect(alerts().contains { $0.hasPrefix("alert burst: service:unauthenticated token.authenticate") })
        #expect(alerts().contains { $0.hasPrefix("alert emergency: ") })
        try place.wait("no lag") { try page().contains("reseal_audit_sink_lag_records{sink=\"sink/all\"} 0") }
        #expect(try page().contains("reseal_audit_sink_failures_total{sink=\"sink/all\"} 0"))
        #expect(!sink.requests.contains { $0.body.contains("canary-of-salaries") })
        kill(process.id, SIGTERM)
        try RunningAPI.line("stopped", in: sealed)
    }
}
