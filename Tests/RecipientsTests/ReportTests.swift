import Foundation
import ResealCore
import ResealManifests
import TestSupport
import Testing

@Suite struct ReportTests {
    private static let commit = ObjectID(hex: String(repeating: "ab", count: 20))
    private static let since = Timestamp(seconds: 1_790_000_000)

    private func report(_ values: [OffboardingReport.Value], name: String? = "alice") -> OffboardingReport {
        OffboardingReport(
            fingerprint: "0123456789abcdef", recipient: "age1xyz", name: name, since: Self.since, values: values)
    }

    private func reread(_ report: OffboardingReport) throws -> OffboardingReport {
        try OffboardingReport(ManifestFile(path: report.path, bytes: report.yaml))
    }

    private func value(
        _ name: String, _ field: String = "password", counters: [Int64] = [1], organization: String = "default"
    ) -> OffboardingReport.Value {
        OffboardingReport.Value(
            .field(SecretID(name, organization: organization), FieldPath(field) ?? .whole), .binding,
            counters.map { OffboardingReport.Version(commit: Self.commit, file: "manifests/a.yaml", counter: $0) })
    }

    @Test func aReportReadsBackAsItWas() throws {
        var report = report([
            value("prod/db", "a.b\\.c", counters: [1, 7]), value("prod/db", ""), value("x", organization: "other"),
            OffboardingReport.Value(
                .file("manifests/lost \"file\".age"), .rules,
                [
                    OffboardingReport.Version(commit: nil, file: "manifests/lost \"file\".age", counter: 0)
                ]),
        ])
        _ = report.acknowledge(
            OffboardingReport.Acknowledgement(
                .retired, at: Self.since, by: "user:ada", reason: "it's \"gone\": # really")
        ) { $0.description == "prod/db" }
        #expect(try reread(report) == report)
        #expect(try reread(report).yaml == report.yaml)
    }

    @Test(arguments: [
        "line\nbreak: x", "# comment", "\u{1b}[31m", "\u{202e}reversed", "\u{85}next", "': {", "- a", "\u{feff}bom",
        "\t",
    ])
    func namesCannotBreakOut(name: String) throws {
        let report = report([OffboardingReport.Value(.file(name), .rules, [])], name: name)
        let back = try reread(report)
        #expect(back.fingerprint == report.fingerprint)
        #expect(back.values.count == 1)
        #expect(back.name?.unicodeScalars.count == name.unicodeScalars.count)
        // The first line stays a comment.
        #expect(String(decoding: report.yaml, as: UTF8.self).split(separator: "\n")[3].hasPrefix("apiVersion:"))
    }

    @Test func anEmptyReportIsValid() throws { #expect(try reread(report([])).values.isEmpty) }

    @Test func mergingForgetsNothing() {
        var known = report([value("a", counters: [1]), value("b", counters: [1])])
        let said = OffboardingReport.Acknowledgement(.rotated, at: Self.since, by: "user:ada", reason: nil)
        #expect(known.acknowledge(said) { _ in true } == 2)
        known.merge([value("a", counters: [1]), value("b", counters: [1, 2]), value("c")])
        #expect(known.values.map(\.subject.description) == ["a#password", "b#password", "c#password"])
        #expect(known.values[0].acknowledgement == said)
        // A newer value that was open makes an old word worthless.
        #expect(known.values[1].acknowledgement == nil)
        #expect(known.values[1].versions.map(\.counter) == [1, 2])
        let once = known
        known.merge([value("a", counters: [1]), value("b", counters: [1, 2]), value("c")])
        #expect(known == once)
    }

    static let broken: [(String, line: Int?)] = [
        ("", nil), ("[]", 1), ("apiVersion: reseal/v1", 1), ("a: *b", nil), ("\u{0}", nil), ("{", nil),
        ("apiVersion: reseal/v1\nkind: Offboarding\nfingerprint: \"0123456789abcdef\"\nsince: soon\nvalues: []\n", 4),
        ("apiVersion: reseal/v1\nkind: Secret\nfingerprint: \"0123456789abcdef\"\nsince: 2026-01-01\nvalues: []\n", 2),
        (
            "apiVersion: reseal/v1\nkind: Offboarding\nfingerprint: \"0123456789abcdef\"\nsince: 2026-01-01\nvalues:\n  - {basis: binding, versions: []}\n",
            6
        ),
        (
            "apiVersion: reseal/v1\nkind: Offboarding\nfingerprint: \"0123456789abcdef\"\nsince: 2026-01-01\nvalues:\n  - {secret: x, file: y, basis: binding, versions: []}\n",
            6
        ),
        (
            "apiVersion: reseal/v1\nkind: Offboarding\nfingerprint: \"0123456789abcdef\"\nsince: 2026-01-01\nvalues:\n  - {secret: x, basis: guess, versions: []}\n",
            6
        ),
        (
            "apiVersion: reseal/v1\nkind: Offboarding\nfingerprint: \"0123456789abcdef\"\nsince: 2026-01-01\nvalues:\n  - {secret: x, basis: rules, versions: [], secrets: []}\n",
            6
        ),
    ]

    @Test(arguments: broken.indices)
    func aBrokenReportIsRefusedWithItsPlace(index: Int) throws {
        let (text, line) = Self.broken[index]
        let error = #expect(throws: DiagnosticsFailure.self) {
            try OffboardingReport(ManifestFile(path: ".reseal/offboarding/x.yaml", bytes: Array(text.utf8)))
        }
        let first = try #require(error?.errors.first)
        #expect(first.span?.file == ".reseal/offboarding/x.yaml")
        if let line { #expect(first.span?.line == line) }
    }

    @Test func tensOfThousandsOfValuesAreNoStrain() throws {
        let many = report((0..<20_000).map { value("team/secret-\($0)", counters: [1, 2]) })
        let start = ContinuousClock.now
        #expect(try reread(many) == many)
        // Seconds, where a cost that grows with the square would take hours.
        #expect(ContinuousClock.now - start < .seconds(240))
    }
}
