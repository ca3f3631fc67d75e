import ResealCore
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// Old values do not come back unnoticed, by whatever detour.
@Suite struct ReplayTests {
    private let bench: Workbench
    private let core: VaultCore
    private var vault: Vault { Vault(core: core) }

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
        try bench.apply(try bench.commit(bench.basics), to: core)
    }

    private func secret(_ fields: KeyValuePairs<String, String>) throws -> ObjectID {
        try bench.commit(["manifests/a.yaml": Text.secret("a", fields)])
    }

    private func password(_ counter: Int64) throws -> String {
        try bench.sealed("password \(counter)", "a", "password", counter: counter)
    }

    private func risks(_ head: ObjectID) throws -> [RiskNote] {
        try bench.plan(head, for: core).changes.flatMap(\.risks)
    }

    private func rules(_ head: ObjectID) throws -> [GuardRefusal.Rule] {
        try bench.plan(head, for: core).guards.map(\.rule)
    }

    @Test func afterTheFieldWasRemoved() throws {
        try bench.apply(try secret(["host": "h", "password": password(5)]), to: core)
        try bench.apply(try secret(["host": "h"]), to: core)
        #expect(try risks(secret(["host": "h", "password": password(4)])) == [.olderValue])
        #expect(try risks(secret(["host": "h", "password": password(5)])) == [])
        let same = try bench.plan(try secret(["host": "other"]), for: core)
        #expect(same.changes.first?.fields.map(\.field) == ["host"])
    }

    @Test func afterAPlainValueStoodThere() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        try bench.apply(try secret(["password": "plain"]), to: core)
        #expect(try risks(secret(["password": password(4)])) == [.olderValue])
        #expect(try risks(secret(["password": password(6)])) == [])
    }

    @Test func afterTheSecretWasDeleted() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        try bench.apply(try bench.commit(["manifests/a.yaml": nil]), to: core)
        bench.pass("30d")
        try bench.apply(try bench.commit(["README.md": "x"]), to: core)
        #expect(try risks(secret(["password": password(4)])) == [.olderValue])
    }

    @Test func afterAHandMadeValueOfAnotherForm() async throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        _ = try await vault.set(
            SecretID("a"), to: SecretValue(scalar: SecretBytes(utf8: "x"), type: .string), by: .test)
        #expect(try Set(risks(secret(["password": password(4)]))) == [.olderValue, .overwritesDrift])
    }

    @Test func afterItCameBackOnce() throws {
        let new = try secret(["password": password(5)])
        try bench.apply(new, to: core)
        let old = try secret(["password": password(3)])
        try bench.apply(old, to: core)
        #expect(try core.secret("a")?.fields.map(\.highestCounter) == [5])
        #expect(try risks(secret(["password": password(4)])) == [.olderValue])
        #expect(try risks(secret(["password": password(6)])) == [])
    }

    @Test func theSameValueSealedAnewRaisesTheCounter() throws {
        try bench.apply(try secret(["password": password(1)]), to: core)
        let anew = try secret(["password": try bench.sealed("password 1", "a", "password", counter: 7)])
        #expect(try bench.plan(anew, for: core).isEmpty)
        try bench.apply(anew, to: core)
        #expect(try core.secret("a")?.fields.map(\.counter) == [7])
        #expect(try core.secret("a")?.latestVersion == 1)
        #expect(try risks(secret(["password": password(6)])) == [.olderValue])
    }

    @Test func twoValuesOfOneCounter() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        let other = try secret(["password": try bench.sealed("another", "a", "password", counter: 5)])
        #expect(try rules(other) == [.counterConflict])
        #expect(throws: ReconcileFailure(.guardRefused, "")) { try bench.apply(other, to: core) }
    }

    // MARK: Unbound

    @Test func afterAnUnboundValue() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        try bench.apply(try secret(["password": bench.unbound("by plain age")]), to: core)
        #expect(try core.secret("a")?.fields.map(\.highestCounter) == [5])
        for counter: Int64 in [1, 4, 5] {
            #expect(try risks(secret(["password": password(counter)])) == [.olderValue], "\(counter)")
        }
        #expect(try risks(secret(["password": password(6)])) == [])
        // Another one does not make the vault forget either.
        try bench.apply(try secret(["password": bench.unbound("once more")]), to: core)
        #expect(try risks(secret(["password": password(5)])) == [.olderValue])
        try bench.apply(try secret(["password": password(6)]), to: core)
        #expect(try core.secret("a")?.fields.map(\.counter) == [6])
    }

    @Test func whatIsTheSameAsAnUnboundValueRaisesTheCounter() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        try bench.apply(try secret(["password": bench.unbound("by plain age")]), to: core)
        let bound = try bench.sealed("by plain age", "a", "password", counter: 6, givenAt: 0)
        try bench.apply(try secret(["password": bound]), to: core)
        #expect(try core.secret("a")?.fields.map(\.counter) == [6])
        #expect(try core.secret("a")?.latestVersion == 2)
        #expect(try risks(secret(["password": password(5)])) == [.olderValue])
    }

    // MARK: Resealed

    private func resealed(_ text: String, _ counter: Int64, givenAt: Int64) throws -> ObjectID {
        try secret(["password": try bench.sealed(text, "a", "password", counter: counter, givenAt: givenAt)])
    }

    @Test func aResealedValueIsTheSame() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        try bench.apply(try resealed("password 5", 6, givenAt: 5), to: core)
        #expect(try core.secret("a")?.latestVersion == 1)
        try bench.apply(try resealed("password 5", 7, givenAt: 5), to: core)
        #expect(try core.secret("a")?.fields.map(\.counter) == [7])
    }

    @Test func anotherValueThatClaimsToBeResealedIsFlagged() throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        for givenAt: Int64 in [1, 4, 5] {
            let plan = try bench.plan(try resealed("another", 6, givenAt: givenAt), for: core)
            #expect(plan.changes.map(\.risks) == [[.falselyResealed]], "\(givenAt)")
            #expect(plan.guards.isEmpty)
        }
        // Given after what the vault has, and resealed before it was applied.
        #expect(try risks(resealed("another", 7, givenAt: 6)) == [])
        // Says that it had no binding, so nothing of its age.
        #expect(try risks(resealed("another", 6, givenAt: 0)) == [])
        // An older counter is an older value, whatever it says.
        #expect(try risks(resealed("another", 4, givenAt: 3)) == [.olderValue])
    }

    @Test func aValueByHandIsNotTakenForTheOneThatWasSealed() async throws {
        try bench.apply(try secret(["password": password(5)]), to: core)
        let value = try SecretValue(
            leaves: [SecretValue.Leaf(path: ["password"], type: .string, bytes: SecretBytes(utf8: "by hand"))])
        _ = try await vault.set(SecretID("a"), to: value, by: .test)
        #expect(try risks(resealed("password 5", 6, givenAt: 5)) == [])
    }

    @Test func aResealedValueFromBeforeARotationIsRefused() throws {
        try bench.apply(try secret(["password": password(1)]), to: core)
        try rotate(["password": "password 2"], counter: 2)
        try bench.apply(try secret(["password": password(2)]), to: core)
        // A branch from before was resealed twice.
        #expect(try rules(resealed("password 1", 3, givenAt: 1)) == [.replayOfRotatedValue])
    }

    // MARK: Rotation

    /// What rotation leaves in the vault: a value that is sealed for Git under the next counters.
    private func rotate(_ fields: [String: String], counter: Int64, origin: Origin = .rotation) throws {
        try core.write { transaction in
            var secret = try transaction.existing(SecretID("a"))
            let value = try SecretValue(
                leaves: fields.sorted { $0.key < $1.key }.map {
                    SecretValue.Leaf(path: [$0.key], type: .string, bytes: SecretBytes(utf8: $0.value))
                })
            let number = secret.latestVersion + 1
            let (old, keyring) = (secret.fields, core.keyring)
            let states = try keyring.fieldStates(of: value, in: secret.id) { field in
                field == "password" ? counter : old.first { $0.field == field }?.counter ?? 0
            }
            try transaction.addVersion(
                try keyring.seal(value.encoded(), for: secret.id, version: number), number: number,
                fingerprint: try keyring.fingerprint(value.encoded(), of: secret.id), fields: states, to: &secret,
                ValueWrite(origin: origin, author: .named("service:rotation")))
            try transaction.store.update(secret)
            try transaction.audit.record(.secretWrite, by: .test)
        }
    }

    @Test func aRotatedValueIsNotRolledBackFromGit() throws {
        let user = try bench.sealed("app", "a", "user", counter: 3)
        let before = try secret(["password": password(1), "user": user])
        try bench.apply(before, to: core)
        try rotate(["password": "password 2", "user": "app"], counter: 2)

        // The write-back has not landed: the vault stays as it is, whatever else changes in the file.
        let elsewhere = try bench.commit([
            "manifests/a.yaml": Text.secret(
                "a", ["password": password(1), "user": user], "description: other", "driftPolicy: revert")
        ])
        let pending = try bench.plan(elsewhere, for: core)
        #expect(pending.changes.map(\.action) == [.update] && pending.drift.isEmpty && pending.guards.isEmpty)
        try bench.apply(elsewhere, to: core)
        #expect(try core.value("a") == #"{"password":"password 2","user":"app"}"#)

        // It has landed, and somebody takes it back.
        try bench.apply(try secret(["password": password(2), "user": user]), to: core)
        #expect(try core.secret("a")?.latestVersion == 2)
        let reverted = try secret(["password": password(1), "user": user])
        #expect(try rules(reverted) == [.replayOfRotatedValue])
        #expect(throws: ReconcileFailure(.guardRefused, "")) { try bench.apply(reverted, to: core) }

        // Another field may go back; a version on top that did not touch the rotated one changes nothing.
        let olderUser = try bench.sealed("old app", "a", "user", counter: 2)
        let userBack = try secret(["password": password(2), "user": olderUser])
        #expect(try rules(userBack) == [] && risks(userBack) == [.olderValue])
        try bench.apply(userBack, to: core)
        #expect(try rules(secret(["password": password(1), "user": olderUser])) == [.replayOfRotatedValue])
    }

    @Test func whatAPersonWroteAfterRotationMayGoBack() throws {
        try bench.apply(try secret(["password": password(1)]), to: core)
        try rotate(["password": "password 2"], counter: 2)
        try bench.apply(try secret(["password": password(2)]), to: core)
        try bench.apply(try secret(["password": password(3)]), to: core)
        let back = try secret(["password": password(2)])
        #expect(try rules(back) == [] && risks(back) == [.olderValue])
    }
}
