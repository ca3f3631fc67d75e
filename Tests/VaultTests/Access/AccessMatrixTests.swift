import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Every principal × action × secret × organization of random vaults, against an oracle that knows neither roles nor
/// rules: whoever may do something was written down one by one while the vault was made.
@Suite struct AccessMatrixTests {
    @Test(arguments: 1...24) func theJudgeAgreesWithTheOracle(_ seed: Int) throws {
        let fixture = try VaultFixture()
        let world = try AccessWorld(seed: UInt64(seed), in: fixture)
        var cases = 0
        var allowed = 0
        try fixture.core.store.read { store in
            for home in AccessWorld.organizations {
                for principal in AccessWorld.askers {
                    for key in AccessWorld.keys {
                        let rules = try store.accessRules(for: key, settings: world.settings)
                        for action in AccessAction.allCases {
                            let asker = Asker(principal, organization: home)
                            let verdict = AccessJudge.judge(asker, action, rules)
                            let wanted = world.allows(principal, of: home, action, key)
                            #expect(verdict.isAllowed == wanted, "seed \(seed): \(principal)@\(home) \(action) \(key)")
                            #expect(AccessJudge.allows(asker, action, rules) == wanted, "seed \(seed): without words")
                            #expect(!verdict.reasons.isEmpty && verdict.reasons.allSatisfy { !$0.text.isEmpty })
                            cases += 1
                            if wanted { allowed += 1 }
                        }
                    }
                }
            }
        }
        #expect(cases == 840)
        #expect(allowed > 20 && allowed < cases / 2, "\(allowed)")
    }

    @Test func aSecretThatIsNotThereLooksLikeOneThatNobodyDescribes() throws {
        let fixture = try VaultFixture()
        let key = ResourceKey(.secret, "a/b")
        let asker = Asker(Sample.alice, organization: "default")
        func verdict() throws -> AccessVerdict {
            try fixture.core.store.read { AccessJudge.judge(asker, .read, try $0.accessRules(for: key, settings: [])) }
        }
        let before = try verdict()
        try fixture.core.write { transaction in
            var secret = transaction.newSecret(key.secretID)
            try transaction.addVersion(
                SecretValue(scalar: .init(utf8: "x")), to: &secret,
                ValueWrite(origin: .manual, author: Sample.alice))
            try transaction.audit.record(.secretCreate, key.description, by: VaultFixture.alice)
        }
        #expect(try verdict() == before)
        #expect(!before.isAllowed)
    }

    @Test func whatIsGoneFromGitIsNobodysWhileItsValuesLast() async throws {
        let fixture = try VaultFixture()
        let id = SecretID("a")
        let rule = AccessRule(
            organization: "default", names: ["*"], principals: [Sample.alice], actions: [.write], place: "access[0]")
        func mayWrite() throws -> Bool {
            try fixture.core.store.read { store in
                let rules = try store.accessRules(for: ResourceKey(id), settings: [rule])
                var roles: [ResourceKey: AccessRules.Role] = [:]
                let record = try #require(try store.secret(id))
                let listed = try store.accessRules(for: record, settings: [rule], roles: &roles)
                let asker = Asker(Sample.alice, organization: "default")
                let verdict = AccessJudge.judge(asker, .write, rules)
                #expect(AccessJudge.judge(asker, .write, listed).isAllowed == verdict.isAllowed)
                return verdict.isAllowed
            }
        }
        try await fixture.set("a", "x")
        #expect(try mayWrite())
        try fixture.core.write { transaction in
            var secret = try transaction.existing(id)
            secret.spec = Array(#"{"spec":{"permissions":{"write":["user:alice"]}}}"#.utf8)
            try transaction.softDelete(&secret)
            try transaction.audit.record(.secretDelete, by: VaultFixture.alice)
        }
        #expect(try !mayWrite())
        try fixture.clock.advance("7d")
        _ = try fixture.core.write { try $0.destroyDue(by: VaultFixture.alice) }
        #expect(try mayWrite())
        try await fixture.set("a", "y")
        #expect(try fixture.secret("a").spec.isEmpty && mayWrite())
    }

    @Test func explanationsNameTheLines() throws {
        let place = "manifests/a.yaml:3:1"
        let rules = AccessRules(
            ResourceKey(.secret, "a"),
            manifest: (Grants { $0 == .read ? [AccessWorld.known("role:ops")] : [] }, place),
            roles: ["ops": .init(members: [Sample.alice], place: "manifests/roles.yaml:7:1")], settings: [])
        let allowed = AccessJudge.judge(Asker(Sample.alice, organization: "default"), .read, rules)
        #expect(
            allowed.reasons.map(\.line) == [
                "manifests/a.yaml:3:1: spec.permissions.read names role:ops",
                "manifests/roles.yaml:7:1: spec.members of role:ops names user:alice",
            ])
        let denied = AccessJudge.judge(Asker(Sample.alice, organization: "default"), .write, rules)
        #expect(
            denied.reasons.map(\.line) == [
                "manifests/a.yaml:3:1: `spec.permissions.write` names neither user:alice, nor a role that it is in, "
                    + "nor `*`"
            ])
        let stranger = AccessJudge.judge(Asker(Sample.alice, organization: "acme"), .read, rules)
        #expect(!stranger.isAllowed && stranger.reasons[0].line.contains("sees nothing of others"))
    }
}

/// A vault with random roles, permissions and settings.
private struct AccessWorld {
    static let organizations = ["acme", "default"]
    static let people = ["user:ann", "user:bob", "service:ci", "service:db"].map(known)
    static let roles = ["role:dev", "role:ops"].map(known)
    static let askers = people + roles
    static let keys = organizations.flatMap { organization in
        ["a", "app/one", "app/two", "gone"].map { ResourceKey(.secret, $0, organization: organization) }
            + [ResourceKey(.dynamicSecret, "db", organization: organization)]
    }

    private(set) var settings: [AccessRule] = []
    private var facts: Set<String> = []
    private var generator: SeededGenerator

    static func known(_ text: String) -> Principal {
        guard let principal = Principal(text) else { preconditionFailure(text) }
        return principal
    }

    func allows(_ principal: Principal, of home: String, _ action: AccessAction, _ key: ResourceKey) -> Bool {
        home == key.organization && facts.contains("\(principal) \(action.rawValue) \(key)")
    }

    init(seed: UInt64, in fixture: VaultFixture) throws {
        generator = SeededGenerator(seed: seed)
        var world = self
        try fixture.core.write { transaction in try world.fill(transaction) }
        self = world
    }

    private mutating func fill(_ transaction: VaultTransaction) throws {
        let source = try transaction.store.save(Sample.source())
        let set = try transaction.store.referenceSetID([])
        var members: [String: [Principal]] = [:]
        for organization in Self.organizations {
            for role in Self.roles where chance(3) {
                let list = Self.people.filter { _ in chance(2) }
                members["\(organization) \(role)"] = list
                var record = Sample.applied(
                    ResourceKey(.role, role.name, organization: organization), source: source, set: set)
                record.spec = json(["members": list])
                try transaction.store.save(record)
            }
        }
        settings = Self.organizations.flatMap { organization in
            (0..<2).map { index in
                AccessRule(
                    organization: organization, names: [["app/*", "a", "*"][Int.random(in: 0...2, using: &generator)]],
                    principals: list(), actions: Set([.read, .write, .rotate, .delete].filter { _ in chance(2) }),
                    place: "access[\(index)]")
            }
        }
        for key in Self.keys { try add(key, transaction, source: source, set: set, members) }
        try transaction.audit.record(.apply, by: VaultFixture.alice)
    }

    private mutating func add(
        _ key: ResourceKey, _ transaction: VaultTransaction, source: Int64, set: Int64, _ members: [String: [Principal]]
    ) throws {
        guard key.kind == .dynamicSecret || key.name != "gone" && chance(2) else {
            // Only the settings speak of it.
            for rule in settings where rule.organization == key.organization {
                let name = rule.names[0]
                guard name == "*" || name == key.name || name == "app/*" && key.name.starts(with: "app/") else {
                    continue
                }
                for action in rule.actions { note(rule.principals, action, key, members) }
            }
            return
        }
        let actions: [AccessAction] = key.kind == .secret ? [.read, .write, .rotate, .delete] : [.generate, .revoke]
        var permissions: [String: [Principal]] = [:]
        for action in actions {
            permissions[action.rawValue] = list()
            note(permissions[action.rawValue] ?? [], action, key, members)
        }
        var record = Sample.applied(key, source: source, set: set)
        let spec = json(["permissions": permissions])
        if key.kind == .secret {
            var secret = transaction.newSecret(key.secretID)
            secret.isManaged = true
            secret.spec = spec
            _ = try transaction.store.insert(secret)
            record.spec = []
        } else {
            record.spec = spec
        }
        try transaction.store.save(record)
    }

    private mutating func note(
        _ granted: [Principal], _ action: AccessAction, _ key: ResourceKey, _ members: [String: [Principal]]
    ) {
        for entry in granted {
            let reached =
                entry == .everyone ? Self.askers : [entry] + (members["\(key.organization) \(entry)"] ?? [])
            for principal in reached {
                facts.insert("\(principal) \(action.rawValue) \(key)")
                facts.insert("\(principal) list \(key)")
            }
        }
    }

    private mutating func list() -> [Principal] {
        (Self.people + Self.roles).filter { _ in chance(5) } + (chance(12) ? [.everyone] : [])
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &generator) == 0 }

    private func json(_ spec: [String: [Principal]]) -> [UInt8] { text(["spec": .object(spec.mapValues(names))]) }
    private func json(_ spec: [String: [String: [Principal]]]) -> [UInt8] {
        text(["spec": .object(spec.mapValues { .object($0.mapValues(names)) })])
    }
    private func names(_ principals: [Principal]) -> JSON { .array(principals.map { .string($0.description) }) }
    private func text(_ document: JSON) -> [UInt8] { document.canonicalBytes }
}
