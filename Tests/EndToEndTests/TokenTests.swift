import ResealCore
import TestSupport
import Testing

/// `reseal token` at the command line.
@Suite struct TokenTests {
    private static let shared = Result {
        let user = try Installation()
        try user.check("init")
        return user
    }
    let user: Installation

    init() throws { user = try Self.shared.get() }

    @Test func aTokenIsMadeListedLookedUpAndRevoked() throws {
        let made = try user.check("token", "create", "service:orders", "--ttl", "10m", "--prefix", "prod/", "--json")
        let document = try JSON(parsing: made.stdout)
        let token = try #require(document["token"]?.stringValue)
        let accessor = try #require(document["accessor"]?.stringValue)
        #expect(token.hasPrefix("rsl_") && document["state"] == "active")
        try user.expect("token", "list", prints: [accessor, "service:orders", "active"])
        let found = try JSON(parsing: user.check("token", "lookup", accessor, "--json").stdout)
        #expect(found["scope"]?["prefixes"]?.arrayValue == ["prod/"] && found["token"] == nil)
        try user.expect("token", "revoke", accessor, notes: ["revoked 1 token"])
        #expect(!(try user.check("token", "list").text.contains(accessor)))
        try user.expect("token", "list", "--all", prints: [accessor, "revoked"])
        let trail = try user.check("audit", "list", "--type", "token", "--json").text
        #expect(trail.contains("Token.default/\(accessor)") && !trail.contains(token))
    }

    @Test func theTokenAloneIsPrinted() throws {
        let result = try user.expect("token", "create", "user:ada", notes: ["accessor "])
        #expect(result.text.wholeMatch(of: /rsl_[0-9a-f]{64}/) != nil)
    }

    @Test func breakGlassAsksForAReason() throws {
        try user.expect("token", "create", "user:ada", "--break-glass", exits: 64, notes: ["--reason"])
        try user.expect("token", "create", "user:ada", "--reason", "x", exits: 64, notes: ["--break-glass"])
        let line = ["token", "create", "user:ada", "--break-glass", "--reason", "INC-7"]
        let made = try user.reseal(line)
        #expect(made.status == 0 && made.errorText.contains("warning: "))
        try user.expect("audit", "list", "--type", "token.break-glass", prints: ["reason: INC-7"])
        #expect(try user.reseal(line + ["--ttl", "2h"]).errorText.contains("token.bad-request"))
    }

    @Test func mistakesSayWhatToDo() throws {
        try user.expectFailure("token", "create", "orders", exits: 64, code: "usage")
        try user.expectFailure("token", "create", "role:sre", code: "token.bad-request")
        try user.expectFailure("token", "create", "user:a", "--ttl", "soon", exits: 64, code: "usage")
        try user.expectFailure("token", "lookup", "nothing", code: "token.unknown")
        try user.expectFailure("token", "revoke", "nothing", code: "token.unknown")
    }
}
