import ResealCore
import Testing

@Suite struct NearestNameTests {
    private let keys = ["description", "deletionProtection", "permissions", "rotation", "value", "type"]

    @Test(arguments: [
        ("desciption", "description"), ("permissons", "permissions"), ("Rotation", "rotation"), ("vlaue", "value"),
        ("tpye", "type"), ("typ", "type"), ("types", "type"), ("deletionprotection", "deletionProtection"),
        ("rotations", "rotation"),
    ])
    func findsTheSlip(text: String, name: String) {
        #expect(NearestName.suggestion(for: text, in: keys) == name)
    }

    @Test(arguments: ["", "x", "completely-different", "ro", "valuable-thing"])
    func staysSilentWhenNothingIsNear(text: String) {
        #expect(NearestName.suggestion(for: text, in: keys) == nil)
    }

    @Test func takesTheNearestOfSeveral() {
        #expect(NearestName.suggestion(for: "prod/db-2", in: ["prod/db-10", "prod/db-1", "prod/db-22"]) == "prod/db-1")
        #expect(NearestName.suggestion(for: "a", in: []) == nil)
    }

    @Test func staysQuickOnHugeInput() {
        let huge = String(repeating: "a", count: 1_000_000)
        let candidates = (0..<2000).map { String(repeating: "b", count: 200) + "\($0)" }
        let clock = ContinuousClock()
        #expect(clock.measure { _ = NearestName.suggestion(for: huge, in: candidates) } < .seconds(2))
        #expect(
            clock.measure { _ = NearestName.suggestion(for: String(repeating: "c", count: 200), in: candidates) }
                < .seconds(5))
    }
}
