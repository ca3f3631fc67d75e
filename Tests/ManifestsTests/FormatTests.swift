import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

/// Strings that must have a form: what the program says of them, and what the regular expression of the schema says.
@Suite struct FormatTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let format: StringFormat
        let good: [String]
        let bad: [String]
        /// Bad for reasons that a regular expression does not see.
        var badInMeaning: [String] = []
    }

    static let cases = names + times + grants + files + places

    private static let names = [
        Case(
            testDescription: "resourceName", format: .resourceName,
            good: ["a", "prod/orders-db", "a.b/c_d/0", "...", "a/..b", String(repeating: "a", count: 255)],
            bad: [
                "", "A", "a//b", "/a", "a/", "a/../b", ".", "a/.", "a b", "ä", "a\u{0}",
                String(repeating: "a", count: 256),
            ]),
        Case(
            testDescription: "label", format: .label, good: ["a", "Team-1/x_y.z"],
            bad: ["", "a b", "é", "a:b", String(repeating: "a", count: 129)]),
        Case(
            testDescription: "configName", format: .configName, good: ["main", "A-1_b.c"],
            bad: ["", "a/b", "a b", "$x"]),
        Case(
            testDescription: "fieldName", format: .fieldName, good: ["password", "pass word", "ключ", "a.b", "x\\y"],
            bad: ["", "a\nb", "a\tb", "a\u{7f}", String(repeating: "a", count: 129)]),
        Case(
            testDescription: "repositoryID", format: .repositoryID,
            good: ["0123456789abcdef", String(repeating: "a", count: 64)],
            bad: ["0123456789abcde", "0123456789ABCDEF", String(repeating: "a", count: 65)]),
        Case(testDescription: "region", format: .region, good: ["eu-central-1"], bad: ["eu", "EU-1", "eu central"]),
        Case(
            testDescription: "kubernetesName", format: .kubernetesName, good: ["orders", "a.b-1"],
            bad: ["", "A", "a_b"]),
        Case(
            testDescription: "databaseRole", format: .databaseRole, good: ["orders", "Mixed Case", "rôle"],
            bad: ["", String(repeating: "a", count: 64), "a\u{0}b"],
            badInMeaning: [String(repeating: "é", count: 32)]),
        Case(
            testDescription: "gitHubRepository", format: .gitHubRepository, good: ["acme/orders", "a-1/b.c_d"],
            bad: ["acme", "acme/", "/x", "a/b/c", "a_b/c", "acme/é"]),
    ]

    private static let times = [
        Case(
            testDescription: "timeSpan", format: .timeSpan, good: ["90d", "1w2d3h4m5s", "0s", "12h30m"],
            bad: ["", "90", "d", "1d1d", "1s1m", "-1d", "1.5h", "1 d", "1D", "d1", "1y"],
            badInMeaning: ["9999999999d", "366001d"]),
        Case(
            testDescription: "positiveTimeSpan", format: .positiveTimeSpan, good: ["1s", "0d10s", "10m"],
            bad: ["0s", "0d0s", "00h", "90"], badInMeaning: ["366001d"]),
        Case(
            testDescription: "timestamp", format: .timestamp,
            good: [
                "2027-01-31", "2027-01-31T08:00:00Z", "2027-01-31t08:00:00z", "2027-01-31 08:00:00+01:00",
                "2028-02-29", "2027-01-31T08:00:00.123456789Z", "2027-01-31T08:00:00-11:30",
            ],
            bad: [
                "", "2027-1-31", "2027-01-31T08:00:00", "2027-01-31T08:00Z", "31.01.2027", "2027-01-31T", "tomorrow",
                "2027-01-31T08:00:00.Z", "٢٠٢٧-01-31",
            ],
            badInMeaning: ["2027-02-29", "2027-13-01", "2027-01-31T24:00:00Z", "2027-01-31T08:00:00+25:00"]),
        Case(
            testDescription: "cron", format: .cron,
            good: ["0 3 * * 1-5", "*/15 0-6/2 1,15 JAN-MAR mon", "59 23 31 12 7", "0 0 30 2 1", "5/10 * * * *"],
            bad: ["", "* * * *", "* * * * * *", "@daily"],
            badInMeaning: [
                "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *",
                "0 0 30 2 *", "0 0 31 4,6 *", "a * * * *", "1-2-3 * * * *", "1,,2 * * * *", "-1 * * * *", "1/ * * * *",
            ]),
    ]

    private static let grants = [
        Case(
            testDescription: "principal", format: .principal,
            good: ["*", "user:alice", "service:orders/api", "role:sre", "user:a@b.example", "user:A+b"],
            bad: [
                "", "alice", "group:x", "user:", "user:a b", "user:é", "**",
                "user:" + String(repeating: "a", count: 256),
            ]),
        Case(
            testDescription: "member", format: .member, good: ["user:alice", "service:x"],
            bad: ["role:sre", "*", "user:", "alice"]),
        Case(
            testDescription: "recipient", format: .recipient, good: [Key.alice],
            bad: [
                "", "age1", "age1abc", Key.alice.uppercased(), "AGE-SECRET-KEY-1QQQ", Key.alice + "b", Key.alice + "q",
                "ssh-ed25519 AAAA",
            ],
            badInMeaning: [
                String(Key.alice.dropLast()) + (Key.alice.hasSuffix("q") ? "p" : "q")
            ]),
        Case(
            testDescription: "recipientOrGroup", format: .recipientOrGroup, good: [Key.bob, "group:ops"],
            bad: ["group:", "group:a b", "ops", "age1abc"]),
        Case(
            testDescription: "email", format: .email, good: ["a@b", "ops+x@example.org"],
            bad: ["", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\nc", "é@b"]),
    ]

    private static let files = [
        Case(
            testDescription: "glob", format: .glob, good: ["*", "**", "a/**/b", "prod/*-db?", "**/x", "ключ/*"],
            bad: ["", "a[b]", "{a,b}", "a\\b", "a**", "**b", "a/b**/c", "***", "a\u{1}"]),
        Case(
            testDescription: "relativePath", format: .relativePath,
            good: ["x.age", "a/b/c.age", "..a", "a..", "...", ".hidden", "a b", "ключ.age", ".gitignore", "x.git"],
            bad: [
                "", "/etc/passwd", "../x", "a/../b", "a/..", "..", ".", "./x", "a/./b", "a//b", "a/", "a\\b", "a\u{0}b",
                "a\nb", ".git/config", "a/.git", "a/.GIT/x", String(repeating: "a", count: 1025),
            ]),
        Case(
            testDescription: "urlPath", format: .urlPath,
            good: ["/", "/v1/a-b_c~d.e%20", "/...", "/a/.b/c..", "/%2Ea"],
            bad: ["", "v1", "/a b", "/a?b", "/a#b", "//é"],
            badInMeaning: [
                "/..", "/.", "/a/../b", "/a/%2e%2E/b", "/%2e/", "/a/.%2e", "/a%2fb", "/a%2F..%2Fb", "/a%5cb",
                "/a/..%3bx/", "/%252e%252e/", "/a%", "/a%4", "/a%zz",
            ]),
    ]

    private static let places = [
        Case(
            testDescription: "dnsName", format: .dnsName, good: ["a", "*.example.org", "a-b.c"],
            bad: ["", "*.", "*", "a_b", "a.*.b", "**.x", "é.org"]),
        Case(
            testDescription: "ipAddress", format: .ipAddress, good: ["10.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"],
            bad: ["", "10.0.0.1/8", "localhost", "1.2.3.4\u{0}x", "fe80::1%eth0"],
            badInMeaning: ["999.1.1.1", "1.2.3", ":::", "1.2.3.4.5", "12345::"]),
    ]

    @Test(arguments: cases) func theProgramJudges(_ sample: Case) {
        func isGood(_ text: String) -> Bool {
            sample.format.bytes.contains(text.utf8.count) && sample.format.problem(text) == nil
        }
        for text in sample.good { #expect(isGood(text), "\(text)") }
        for text in sample.bad + sample.badInMeaning { #expect(!isGood(text), "\(text)") }
    }

    @Test func theSchemaJudgesAlike() throws {
        var properties: [String: JSON] = [:]
        var documents: [(text: String, isGood: Bool)] = []
        for (i, sample) in Self.cases.enumerated() {
            properties["f\(i)"] = [
                "pattern": .string(sample.format.pattern), "maxLength": .integer(Int64(sample.format.bytes.upperBound)),
            ]
            func add(_ texts: [String], _ isGood: Bool) {
                for text in texts {
                    // A pipe would be trimmed; ASCII escapes say exactly what is meant.
                    documents.append((JSON.object(["f\(i)": .string(text)]).canonical, isGood))
                }
            }
            add(sample.good + sample.badInMeaning, true)
            add(sample.bad, false)
        }
        let schema: JSON = ["$schema": "http://json-schema.org/draft-07/schema#", "properties": .object(properties)]
        let verdicts = try SchemaJudge.verdicts(schema, documents.map(\.text)).verdicts
        #expect(verdicts.count == documents.count)
        for (document, verdict) in zip(documents, verdicts) { #expect(verdict == document.isGood, "\(document.text)") }
    }

    @Test func aPrivateKeyAsRecipientIsToldApartAndNotShown() throws {
        let problem = try #require(StringFormat.recipient.problem("AGE-SECRET-KEY-1QQQQQQ"))
        #expect(problem.contains("private key") && !problem.contains("QQQ"))
        #expect(StringFormat.recipientOrGroup.problem("age-secret-key-1qqq") == problem)
    }
}
