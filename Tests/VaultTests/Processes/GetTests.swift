import ResealCore
import TestSupport
import Testing

@Suite struct GetTests {
    /// A slip in the field's name must not show the whole value instead.
    @Test(arguments: [[], ["--json"]]) func aFieldThatIsNotThereShowsNothing(flags: [String]) throws {
        let program = try Program()
        try program.check(["init"])
        for (field, text) in [("password", "canary-password"), ("user", "canary-user")] {
            try program.check(["set", "db", "--field", field], stdin: text)
        }
        let result = try program.run(["get", "db", "--field", "pasword"] + flags)
        #expect(result.status == 1)
        let shown = result.text + result.errorText
        #expect(shown.contains("vault.field-not-found") && shown.contains("did you mean `password`?"))
        #expect(!shown.contains("canary"))
        #expect(try program.check(["get", "db", "--field", "user"] + flags).contains("canary-user"))
    }
}
