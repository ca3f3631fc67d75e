import ResealCore
import Testing

@testable import ResealVault

/// Roles of those who logged in.
@Suite struct IdentityTests {
    private let role = AccessRules.Role(
        members: [],
        claims: [
            ClaimRule(provider: "ci", claims: ["repository": "octo/*", "ref": "refs/heads/main"]),
            ClaimRule(provider: "sso", claims: ["groups": "ops"]), ClaimRule(provider: "ci", claims: [:]),
        ], certificates: ["orders.internal"], place: "roles.yaml:1:1")

    private func fits(_ proof: TokenIdentity.Proof, only: String? = nil) -> Bool {
        TokenIdentity(proof, role: only).reason(for: "deployers", role) != nil
    }

    @Test func everyClaimHasToFit() {
        let claims = ["repository": ["octo/app"], "ref": ["refs/heads/main"]]
        #expect(fits(.claims(provider: "ci", claims)))
        #expect(!fits(.claims(provider: "sso", claims)))
        #expect(!fits(.claims(provider: "ci", ["repository": ["octo/app"]])))
        #expect(!fits(.claims(provider: "ci", ["repository": ["octo/app"], "ref": ["refs/heads/main2"]])))
        #expect(!fits(.claims(provider: "ci", ["repository": ["octopus"], "ref": ["refs/heads/main"]])))
        #expect(fits(.claims(provider: "sso", ["groups": ["dev", "ops"]])))
        // A rule that asks for nothing fits nobody.
        #expect(!fits(.claims(provider: "ci", [:])))
    }

    @Test func aCertificateFitsByItsWholeName() {
        #expect(fits(.certificate(["x", "orders.internal"])))
        #expect(!fits(.certificate(["orders.internal.example"])))
        #expect(!fits(.certificate([])))
    }

    @Test func oneRoleIsAllOrNothing() throws {
        let claims: TokenIdentity.Proof = .claims(provider: "sso", ["groups": ["ops"]])
        #expect(fits(claims, only: "deployers") && !fits(claims, only: "others"))
        let principal = try #require(Principal("service:jwt/sso/ada"))
        let grants = Grants { $0 == .read ? [principal] : [] }
        let rules = AccessRules(
            ResourceKey(.secret, "a"), manifest: (grants: grants, place: ""), roles: [:], settings: [])
        func mayRead(_ only: String?) -> Bool {
            let asker = Asker(principal, organization: "default", identity: TokenIdentity(claims, role: only))
            return AccessJudge.judge(asker, .read, rules).isAllowed
        }
        #expect(mayRead(nil) && !mayRead("deployers"))
    }

    @Test func onlyWhatRolesAskForIsKept() throws {
        let claims = ["repository": ["octo/app"], "ref": ["x"], "email": ["ada@example.org"], "groups": ["ops"]]
        let identity = TokenIdentity(.claims(provider: "ci", claims), role: "deployers")
        let kept = identity.reduced(to: [role])
        #expect(kept.proof == .claims(provider: "ci", ["repository": ["octo/app"], "ref": ["x"]]))
        #expect(try TokenIdentity(stored: kept.json.canonicalBytes) == kept)
        let certificate = TokenIdentity(.certificate(["a", "b"]))
        #expect(try TokenIdentity(stored: certificate.json.canonicalBytes) == certificate)
        for text in ["", "{}", "[]", #"{"provider":"ci"}"#] {
            #expect(throws: VaultFailure(.corrupt, "")) { try TokenIdentity(stored: Array(text.utf8)) }
        }
    }
}
