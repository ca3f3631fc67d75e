import ResealCore
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealReconciler

/// What is found out about sealed values: with the identity, and in CI without any key.
@Suite struct CiphertextTests {
    private let bench: Workbench
    private let core: VaultCore

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
    }

    /// Where a finding is, and what it is.
    private func errors(_ diagnostics: [Diagnostic]) -> [String] {
        diagnostics.filter { $0.severity == .error }.map { finding in
            "\(finding.code) \(finding.span.map { "\($0.file):\($0.line)" } ?? "")"
        }
    }

    private func keyed(_ head: ObjectID, _ identities: [any Identity]? = nil) -> [Diagnostic] {
        let reconciliation = Reconciliation(core: core, identities: identities ?? [bench.identity])
        do {
            return try reconciliation.plan(bench.checkout(head), forApply: true).plan.warnings
        } catch let failure as DiagnosticsFailure {
            return failure.diagnostics
        } catch {
            Issue.record(error)
            return []
        }
    }

    private func keyless(_ head: ObjectID) throws -> [Diagnostic] {
        try KeylessValidation.run(bench.checkout(head)).findings
    }

    private func commit(_ text: String, _ more: [String: String?] = [:]) throws -> ObjectID {
        try bench.commit(
            bench.basics.merging(more) { $1 }.merging(["manifests/a.yaml": text]) { $1 })
    }

    // MARK: Not opened

    @Test func whoCouldOpenAValueIsNamed() throws {
        let stranger = try X25519Identity()
        let fields: KeyValuePairs = [
            "host": "h", "bound": try bench.sealed("v", "a", "bound"),
            "other": try bench.sealed("v", "a", "other", to: [stranger.recipient, bench.identity.recipient]),
            "unbound": try bench.unbound("v"),
        ]
        let head = try commit(Text.secret("a", fields))
        let findings = keyed(head, [try X25519Identity()]).filter { $0.code == "value.undecryptable" }
        #expect(findings.map(\.span?.file) == ["manifests/a.yaml", "manifests/a.yaml", "manifests/a.yaml"])
        #expect(findings.allSatisfy { ($0.span?.line ?? 0) > 6 })
        for (finding, name) in zip(findings, ["bound", "other", "unbound"]) {
            #expect(finding.message.hasPrefix("cannot open `\(name)` of a: "), "\(finding.message)")
        }
        let controller = "controller (\(bench.identity.recipient.description.prefix(20))…)"
        #expect(findings.first?.hint?.hasPrefix("it can be opened by \(controller); give the identity") == true)
        let hint = try #require(findings.dropFirst().first?.hint)
        #expect(hint.contains(controller) && hint.contains(stranger.recipient.fingerprint))
        #expect(findings.last?.hint?.hasPrefix("it was sealed for 1 recipient: X25519, and does not say") == true)
    }

    // MARK: Moved

    @Test func aValueOfAnotherPlaceIsRefusedWithAndWithoutKeys() throws {
        let cases: [(String, String)] = [
            ("another secret", try bench.sealed("v", "b")),
            ("another field", try bench.sealed("v", "a", "other")),
            ("the field of a structured value", try bench.sealed("v", "a", "password")),
            ("another organization", try bench.sealed("v", "a", organization: "other")),
            ("another repository", try bench.sealed("v", "a", repository: "another-repository-0002")),
        ]
        for (name, sealed) in cases {
            let head = try commit(Text.secret("a", ["": sealed]))
            #expect(errors(keyed(head)) == ["value.misplaced manifests/a.yaml:6"], "\(name)")
            #expect(try errors(keyless(head)) == ["value.misplaced manifests/a.yaml:6"], "\(name)")
        }
    }

    @Test func aRenamedFieldIsRefused() throws {
        let sealed = try bench.sealed("v", "a", "password")
        let head = try commit(Text.secret("a", ["host": "h", "passwd": sealed]))
        #expect(errors(keyed(head)) == ["value.misplaced manifests/a.yaml:8"])
        let finding = try #require(try keyless(head).first { $0.severity == .error })
        #expect(finding.message.contains("`password`") && finding.message.contains("`passwd`"))
        #expect(finding.hint?.contains("reseal seal a") == true)
    }

    @Test func aCopiedValueFileIsRefused() throws {
        let sealed = try bench.sealed("v", "b")
        let head = try commit(
            Text.document("Secret", "a", ["value: {fromFile: b.age}"]),
            ["manifests/b.age": sealed, "manifests/b.yaml": Text.document("Secret", "b", ["value: {fromFile: b.age}"])])
        #expect(errors(keyed(head)) == ["value.misplaced manifests/a.yaml:6"])
        #expect(try errors(keyless(head)) == ["value.misplaced manifests/a.yaml:6"])
    }

    /// The audit trail tells who tried.
    @Test func aMisplacedValueIsRecorded() async throws {
        let head = try commit(Text.secret("a", ["": try bench.sealed("v", "b")]))
        let reconciler = Reconciler(bench.reconciliation(core))
        await #expect(throws: DiagnosticsFailure.self) { try await reconciler.prepare(bench.checkout(head), by: .test) }
        let last = try core.store.read { try $0.lastAuditRecord() }
        #expect(last?.action == .apply && last?.detail == "value.misplaced" && last?.commit == head)
        #expect(last?.result != .ok)
        #expect(try core.serial() == 0)
    }

    // MARK: Damaged

    @Test func damagedValuesAreRefusedAtTheirPlace() throws {
        let good = try bench.sealed("v", "a")
        let lines = good.split(separator: "\n").map(String.init)
        let body = lines[1...].dropLast()
        var flipped = Array(lines)
        flipped[2] = String(flipped[2].reversed())
        let cases: [(String, String)] = [
            ("no last line", lines.dropLast().joined(separator: "\n")),
            ("half of it", ([lines[0]] + body.prefix(2) + [lines[lines.count - 1]]).joined(separator: "\n")),
            ("nothing inside", [lines[0], lines[lines.count - 1]].joined(separator: "\n")),
            ("turned around", flipped.joined(separator: "\n")),
        ]
        for (name, sealed) in cases {
            let head = try commit(Text.secret("a", ["": sealed]))
            for found in [keyed(head), try keyless(head)] {
                #expect(errors(found).count == 1, "\(name)")
                #expect(errors(found).allSatisfy { $0.hasSuffix("manifests/a.yaml:6") }, "\(name): \(found)")
            }
        }
    }

    /// Without a key nobody can tell; with one, the header's MAC does.
    @Test func aForgedBindingDoesNotOpen() throws {
        let file = try Armor.decode(Array(try bench.sealed("v", "b").utf8))
        let header = try Header(parsing: file)
        let own = try Header(parsing: Armor.decode(Array(try bench.sealed("v", "a").utf8)))
        let stanzas = header.stanzas.map { stanza in
            stanza.type == "reseal.dev/bind" ? own.stanzas.first { $0.type == stanza.type } ?? stanza : stanza
        }
        let forged = Header(stanzas: stanzas, mac: header.mac).encoded() + file.dropFirst(header.encoded().count)
        let head = try commit(Text.secret("a", ["": String(decoding: Armor.encode(forged), as: UTF8.self)]))
        #expect(try errors(keyless(head)) == [])
        #expect(errors(keyed(head)) == ["value.undecryptable manifests/a.yaml:6"])
    }

    @Test func theWrongIdentityIsNamedByCode() throws {
        let head = try commit(Text.secret("a", ["host": "h", "password": try bench.sealed("canary", "a", "password")]))
        let found = keyed(head, [try X25519Identity()])
        #expect(errors(found) == ["value.undecryptable manifests/a.yaml:8"])
        #expect(found.first?.hint?.contains("--identity") == true)
        #expect(DiagnosticsFailure(found).code == "value.undecryptable")
        #expect(try errors(keyless(head)) == [])
    }

    /// All that is wrong is reported together, each at its place.
    @Test func everyDamagedValueIsReported() throws {
        let head = try commit(
            Text.secret(
                "a",
                [
                    "one": try bench.sealed("v", "a", "two"), "two": try bench.sealed("v", "a", "two"),
                    "three": try bench.sealed("v", "x", "three"),
                ]) + "---\n" + Text.secret("b", ["": try bench.sealed("v", "c")]))
        #expect(errors(keyed(head)).count >= 2)
        #expect(errors(keyed(head)).allSatisfy { $0.hasPrefix("value.misplaced") })
    }

    // MARK: Unbound

    @Test func plainAgeIsAcceptedWithAWarning() throws {
        let head = try commit(Text.secret("a", ["": try bench.unbound("v")]))
        #expect(keyed(head).map(\.code) == ["value.unbound"])
        #expect(try keyless(head).map(\.code) == ["value.unbound"])
        try bench.apply(head, to: core)
        #expect(try core.value("a") == #""v""#)
    }

    @Test func plainAgeIsRefusedWhereBindingsAreRequired() throws {
        let head = try commit(
            Text.secret("a", ["": try bench.unbound("v")]),
            ["manifests/repository.yaml": Text.repository("requireBinding: true")])
        #expect(errors(keyed(head)) == ["value.unbound manifests/a.yaml:6"])
        #expect(try errors(keyless(head)) == ["value.unbound manifests/a.yaml:6"])
    }

    // MARK: Content

    @Test func binaryValuesComeFromFiles() throws {
        let bytes: [UInt8] = [0, 255, 254, 10, 13, 0, 128]
        let file = try Age.encrypt(SecretBytes(bytes), to: [bench.identity.recipient])
        let armored = String(decoding: Armor.encode(file), as: UTF8.self)
        let head = try commit(
            Text.document("Secret", "a", ["value: {fromFile: values/a.age}"]), ["manifests/values/a.age": armored])
        try bench.apply(head, to: core)
        #expect(try core.value("a") == "\"\(Base64.encode(bytes, padded: true))\"")
        let reading = try core.write { try $0.read(try $0.existing(SecretID("a"))).1 }
        #expect(reading.leaves.map(\.type) == [.binary])
        #expect(reading.leaves.first?.bytes.revealBytes() == bytes)
    }

    @Test func aMissingValueFileIsNamed() throws {
        let head = try commit(Text.document("Secret", "a", ["value: {fromFile: nowhere.age}"]))
        #expect(errors(keyed(head)) == ["value.file-missing manifests/a.yaml:6"])
        #expect(try errors(keyless(head)) == ["value.file-missing manifests/a.yaml:6"])
    }

    @Test func largeValuesMeetTheLimit() throws {
        let text = Text.document("Secret", "a", ["value: {fromFile: a.age}"])
        let small = try bench.sealed(String(repeating: "x", count: 1024), "a")
        let large = try bench.sealed(String(repeating: "x", count: 1025), "a")
        let limit = ["manifests/repository.yaml": Text.repository("limits: {valueBytes: 1024}")]
        #expect(errors(keyed(try commit(text, limit.merging(["manifests/a.age": small]) { $1 }))) == [])
        let head = try commit(text, limit.merging(["manifests/a.age": large]) { $1 })
        #expect(errors(keyed(head)) == ["value.too-large manifests/a.yaml:6"])
        #expect(try errors(keyless(head)) == ["value.too-large manifests/a.yaml:6"])
    }

    // MARK: Recipients

    @Test func recipientsThatDoNotFitAreReportedWithoutAKey() throws {
        let (ops, leaver) = (try X25519Identity(), try X25519Identity())
        let rules = Text.recipients(
            bench.identity.recipient, "groups:\n  ops: [\(ops.recipient)]\nrules:\n- recipients: ['group:ops']")
        func warnings(_ sealed: String) throws -> [String] {
            let head = try commit(Text.secret("a", ["": sealed]), ["manifests/recipients.yaml": rules])
            #expect(errors(keyed(head)) == [])
            #expect(keyed(head) == (try keyless(head)))
            return try keyless(head).filter { $0.code == "value.recipients" }.map(\.message)
        }
        let (own, other) = (bench.identity.recipient, ops.recipient)
        #expect(try warnings(bench.sealed("v", "a", to: [own, other])) == [])
        let missing = try warnings(bench.sealed("v", "a", to: [own]))
        #expect(missing.count == 1 && missing.allSatisfy { $0.contains("\(other)".prefix(10)) }, "\(missing)")
        let extra = try warnings(bench.sealed("v", "a", to: [own, other, leaver.recipient]))
        #expect(extra.count == 1 && extra.allSatisfy { $0.contains(leaver.recipient.fingerprint) }, "\(extra)")
        let unbound = try warnings(bench.unbound("v", to: [own]))
        #expect(unbound.count == 1, "\(unbound)")
        #expect(try warnings(bench.unbound("v", to: [own, other])) == [])
    }

    @Test func anyOfSeveralIdentitiesOpens() throws {
        let other = try X25519Identity()
        let sealed = try bench.sealed("v", "a", to: [bench.identity.recipient, other.recipient])
        let head = try commit(Text.secret("a", ["": sealed]))
        #expect(errors(keyed(head, [other])) == [])
        #expect(errors(keyed(head, [try X25519Identity(), other])) == [])
    }
}
