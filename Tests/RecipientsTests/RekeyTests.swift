import Foundation
import ResealAge
import ResealCore
import ResealManifests
import ResealSealing
import TestSupport
import Testing

@Suite struct RekeyTests {
    let team: Team
    let staging = "manifests/staging/db.yaml"
    let production = "manifests/prod/db.yaml"

    init() throws { team = try Team() }

    private var withoutBob: String { team.rules().replacing("      - \(team["bob"])   # bob\n", with: "") }

    @Test func exactlyWhatDoesNotFitIsResealed() throws {
        try team.writeSamples()
        try team.writeRules(withoutBob)
        let (oldStaging, oldProduction) = (try team.read(staging), try team.bytes(production))
        let old = try team.binding(staging)

        let result = try team.rekey()
        #expect(result.errorText == "resealed 1 value(s) in 1 file(s); 1 fit already")
        #expect(try team.bytes(production) == oldProduction)
        #expect(
            try team.repository.git("status", "--porcelain")
                == " M manifests/recipients.yaml\n M manifests/staging/db.yaml")
        // Everything but the armor is as it was.
        func frame(_ text: String) throws -> String {
            let armor = String(decoding: try #require(try Team.armors(in: Array(text.utf8)).first), as: UTF8.self)
            return armor.split(separator: "\n").reduce(text) { $0.replacing("\($1)", with: "") }.replacing(
                /\n( *\n)+/, with: "\n")
        }
        #expect(try frame(team.read(staging)) == frame(oldStaging))
        #expect(try team.read(staging).contains("  # staging/db: a comment") == false)
        #expect(try team.read(staging).hasPrefix("# staging/db: a comment that no edit may lose\n"))
        #expect(try team.read(staging).contains("    user:   'service' # plain\n    password: |"))

        let new = try team.binding(staging)
        #expect(new.counter == old.counter + 1)
        #expect(new.valueCounter == old.valueCounter)
        #expect(new.recipients == [try team.fingerprint("controller"), try team.fingerprint("alice")].sorted())
        for (name, value) in [
            ("controller", "password of staging/db"), ("alice", "password of staging/db"), ("bob", nil),
        ] {
            #expect(try team.opened(staging, as: name) == value)
        }
    }

    @Test func aSecondRunFindsNothing() throws {
        try team.writeSamples()
        try team.writeRules(withoutBob)
        try team.rekey()
        let files = [staging, production, "manifests/recipients.yaml"]
        let before = try files.map(team.bytes)
        let again = try team.rekey()
        #expect(again.errorText == "resealed 0 value(s) in 0 file(s); 2 fit already")
        #expect(try files.map(team.bytes) == before)
        #expect(try team.reseal("recipients", "check").text == "2 sealed values fit the rules.")
    }

    @Test func theFileKeyIsFresh() throws {
        try team.writeSamples()
        let old = try SealedFile(parsing: try #require(try Team.armors(in: team.bytes(staging)).first))
        try team.writeRules(withoutBob)
        try team.rekey()
        let new = try SealedFile(parsing: try #require(try Team.armors(in: team.bytes(staging)).first))
        // The old file key, under the new header, opens nothing: the MAC and the payload are under another one.
        let bob = try IdentityFile.parse(
            SecretBytes(Array(try Data(contentsOf: URL(fileURLWithPath: team.identity("bob"))))), name: "bob",
            access: .unattended)
        let oldKey = try #require(try bob.compactMap { try $0.unwrap(old.header.stanzas) }.first)
        struct Holder: Identity {
            let key: SecretBytes
            func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? { key }
        }
        #expect(try old.open(with: [Holder(key: oldKey)]).revealText() == "password of staging/db")
        let error = #expect(throws: AgeFailure.self) { try new.open(with: [Holder(key: oldKey)]) }
        #expect(error?.kind == .hmac)
    }

    @Test func theNextApplySeesNoNewVersion() throws {
        try team.writeSamples()
        try team.writeUnbound("staging/plain", "unbound value", for: ["controller"])
        try team.repository.commit()
        try team.reseal("init", "--repo", ".", "--identity", team.identity("controller"))
        // requireBinding is off in this repository, so the unbound value is accepted with a warning.
        try team.reseal("apply", "--yes")
        try team.writeRules(withoutBob)
        try team.reseal("rekey")
        try team.repository.commit("rekey")
        let plan = try team.json("plan")
        let changed = (plan["resource_changes"]?.arrayValue ?? []).filter { $0["type"] == "Secret" }
        #expect(changed.isEmpty, "\(plan.canonical)")
        try team.reseal("apply", "--yes")
        for name in ["staging/db", "staging/plain", "prod/db"] {
            #expect(try team.json("versions", name).arrayValue?.count == 1)
        }
        // A value that is given afterwards is a new version, not a replay.
        try team.seal("staging/db", "another")
        try team.repository.commit("change")
        try team.reseal("apply", "--yes")
        #expect(try team.json("versions", "staging/db").arrayValue?.count == 2)
        #expect(try team.reseal("get", "staging/db", "--field", "password").text == "another")
    }

    @Test func unboundValuesBecomeBound() throws {
        try team.writeUnbound("staging/plain", "unbound value", for: ["controller", "alice", "bob"])
        let result = try team.rekey()
        #expect(
            result.errorText.contains(
                "1 of them had no binding and are bound to where they stand: `password` of staging/plain"))
        let binding = try team.binding("manifests/staging/plain.yaml")
        #expect(binding.secret == "staging/plain")
        #expect(binding.field.description == "password")
        #expect(binding.counter == 1)
        #expect(binding.valueCounter == 0)
        #expect(try team.opened("manifests/staging/plain.yaml", as: "bob") == "unbound value")
        // The next new value is told from it.
        try team.seal("staging/plain", "given")
        #expect(try team.binding("manifests/staging/plain.yaml").valueCounter == 2)
    }

    @Test(arguments: [true, false])
    func valuesInFilesStayAsTheyAre(isArmored: Bool) throws {
        try team.write(
            "manifests/staging/file.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: staging/file}\nspec: {value: {fromFile: v.age}}\n")
        let value = [UInt8]((0..<255).map { UInt8($0) })
        let sealed = try Command.check(
            "age", ["-r", team["controller"]] + (isArmored ? ["-a"] : []), stdin: value
        ).stdout
        try Data(sealed).write(to: URL(fileURLWithPath: team.path("manifests/staging/v.age")))
        let manifest = try team.bytes("manifests/staging/file.yaml")
        try Command.check("chmod", ["640", team.path("manifests/staging/v.age")])
        try team.rekey()
        let new = try team.bytes("manifests/staging/v.age")
        #expect(new != sealed)
        #expect(try SealedFile(parsing: new).isArmored == isArmored)
        #expect(try team.bytes("manifests/staging/file.yaml") == manifest)
        #expect(try Command.check("age", ["-d", "-i", team.identity("bob")], stdin: new).stdout == value)
        let mode = try FileManager.default.attributesOfItem(atPath: team.path("manifests/staging/v.age"))[
            .posixPermissions]
        #expect(mode as? Int == 0o640)
    }

    @Test func twoSecretsCannotShareAFile() throws {
        let secret =
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: staging/NAME}\nspec: {value: {fromFile: v.age}}\n"
        try team.write("manifests/staging/a.yaml", secret.replacing("NAME", with: "a"))
        try team.write("manifests/staging/b.yaml", secret.replacing("NAME", with: "b"))
        try team.write("manifests/staging/v.age", try team.plainAge("x", for: ["controller"], indent: 0))
        let result = try team.rekey(exits: 8)
        #expect(result.errorText.contains("is the value of staging/a and of staging/b [value.shared-file]"))
        #expect(try team.binding("manifests/staging/v.age").secret == "staging/a")
    }

    @Test func manyFieldsOfOneFileAreResealedTogether() throws {
        var text = ""
        for index in 0..<300 {
            text += """
                apiVersion: reseal/v1
                kind: Secret
                metadata: {name: staging/s\(index)}
                spec:
                  value:
                    a: "\(index)"
                    password: |
                \(try index < 3 ? team.plainAge("value \(index)", for: ["controller"]) : Self.sample(team))
                ---

                """
        }
        try team.write("manifests/staging/many.yaml", text)
        let result = try team.rekey()
        #expect(result.errorText.contains("resealed 300 value(s) in 1 file(s); 0 fit already"))
        let armors = try Team.armors(in: team.bytes("manifests/staging/many.yaml"))
        #expect(armors.count == 300)
        #expect(try team.opened(armors[2], as: "bob") == "value 2")
        #expect(try team.read("manifests/staging/many.yaml").split(separator: "\n---").count == 301)
    }

    /// One ciphertext for hundreds of places: it is unbound, so that is allowed.
    private static func sample(_ team: Team) throws -> String {
        try cache.withLock { known in
            if let text = known { return text }
            let text = try team.plainAge("same", for: ["controller"])
            known = text
            return text
        }
    }
    private static let cache = Cache()
    private final class Cache: @unchecked Sendable {
        // Guarded by `lock`.
        private var text: String?
        private let lock = NSLock()
        func withLock<R>(_ body: (inout String?) throws -> R) rethrows -> R { try lock.withLock { try body(&text) } }
    }

    // MARK: Selection

    @Test(arguments: [
        ("staging/db", ["staging/db"]), ("manifests/prod", ["prod/db", "prod/other"]),
        ("manifests/prod/", ["prod/db", "prod/other"]),
        ("prod/*", ["prod/db", "prod/other"]), ("manifests/**/other.yaml", ["prod/other"]),
        ("manifests/staging/db.yaml", ["staging/db"]),
    ])
    func onlyWhatIsNamed(word: String, names: [String]) throws {
        for name in ["staging/db", "prod/db", "prod/other"] { try team.writeUnbound(name, "x", for: ["controller"]) }
        let json = try team.json("rekey", word, "--dry-run")
        #expect(json["resealed"]?.texts("secret").sorted() == names)
    }

    @Test func anUnknownNameIsToldWithTheNearest() throws {
        try team.writeSamples()
        let result = try team.rekey("staging/bd", exits: 1)
        #expect(
            result.errorText.contains("no sealed value belongs to a secret or file `staging/bd` [rekey.no-such-value]"))
        #expect(result.errorText.contains("did you mean `staging/db`?"))
    }

    // MARK: Dry runs

    @Test func aDryRunWritesNothingAndNeedsNoIdentity() throws {
        try team.writeSamples()
        try team.writeRules(withoutBob)
        let before = try team.bytes(staging)
        let result = try team.reseal("rekey", "--dry-run")
        #expect(result.text == "manifests/staging/db.yaml:8:15: `password` of staging/db, counter 1 → 2")
        #expect(result.errorText.hasPrefix("would reseal 1 value(s) in 1 file(s); 1 fit already"))
        // With an identity, it tells whether that is enough.
        let carol = try team.rekey(as: "carol", "--dry-run", exits: 6)
        #expect(carol.errorText.contains("[value.undecryptable]"))
        #expect(try team.bytes(staging) == before)
    }

    @Test func withoutAnIdentityNothingIsDone() throws {
        try team.writeSamples()
        let result = try team.reseal("rekey", exits: 6)
        #expect(result.errorText.contains("[plan.no-identity]"))
    }

    // MARK: Problems

    @Test func oneThatCannotBeOpenedStopsNoOther() throws {
        try team.writeSamples()
        try team.writeUnbound("staging/foreign", "x", for: ["carol"])
        try team.writeRules(
            team.rules().replacing("- names: [\"prod/**\"]", with: "- names: [\"prod/**\", \"staging/db\"]").replacing(
                "manifests/staging/**", with: "manifests/staging/foreign.yaml"))
        // bob opens staging/db, which the rules now take from him; not the value of carol's.
        let result = try team.rekey(as: "bob", exits: 8)
        #expect(
            result.errorText.contains(
                "manifests/staging/foreign.yaml:6:15: error: cannot open `password` of staging/foreign"))
        #expect(
            result.errorText.contains(
                "hint: it says not who can open it; by the rules it should be one of: controller (age1"))
        #expect(result.errorText.contains("resealed 1 value(s) in 1 file(s); 1 fit already; 1 problem(s)"))
        #expect(try team.opened(staging, as: "bob") == nil)
        #expect(try team.opened(staging, as: "alice") == "password of staging/db")
    }

    @Test func whoCouldOpenItIsNamed() throws {
        try team.writeSamples()
        try team.writeRules(team.rules().replacing("recipients: [\(team["alice"])]", with: "recipients: []"))
        let json = try team.user.reseal(
            ["rekey", "--identity", team.identity("bob"), "--json"], directory: team.repository.path)
        #expect(json.status == 6)
        let problem = try JSON(parsing: json.stdout)["diagnostics"]?[0]
        #expect(problem?["code"] == "value.undecryptable")
        #expect(problem?["position"]?["file"]?.stringValue == production)
        #expect(problem?["position"]?["line"] == 8)
        let hint = try #require(problem?["hint"]?.stringValue)
        #expect(hint.hasPrefix("use --identity of one who can open it: "))
        #expect(hint.contains("controller (\(team["controller"].prefix(20))…)"))
        #expect(hint.contains("alice (\(team["alice"].prefix(20))…)"))
    }

    @Test func anIdentityThatOpensNothingChangesNothing() throws {
        try team.writeSamples()
        try team.writeRules(
            "\(team.rules())".replacing("recipients: [\(team["alice"])]", with: "recipients: []").replacing(
                "[\"group:sre\"]", with: "[]"))
        let before = try [staging, production].map(team.bytes)
        let result = try team.rekey(as: "carol", exits: 6)
        #expect(result.errorText.contains("resealed 0 value(s) in 0 file(s); 0 fit already; 2 problem(s)"))
        #expect(try [staging, production].map(team.bytes) == before)
    }

    @Test func aMisplacedValueIsNotLaundered() throws {
        try team.writeSamples()
        let copy = try team.read(production).replacing("name: prod/db", with: "name: staging/copy")
        try team.write("manifests/staging/copy.yaml", copy)
        let result = try team.rekey(exits: 6)
        #expect(
            result.errorText.contains(
                "`password` of staging/copy was sealed for the secret `prod/db`, not `staging/copy` [value.misplaced]"))
        #expect(try team.read("manifests/staging/copy.yaml") == copy)
    }

    @Test func aDamagedValueIsLeftAlone() throws {
        try team.writeSamples()
        try team.writeRules(withoutBob)
        // One bit of the payload is another.
        var file = try Armor.decode(try #require(try Team.armors(in: team.bytes(staging)).first))
        file[file.count - 1] ^= 1
        let armor = String(decoding: Armor.encode(file), as: UTF8.self).split(separator: "\n").map { "      \($0)" }
        let text = try team.read(staging)
        let begin = try #require(text.range(of: "      -----BEGIN"))
        let mark = try #require(text.range(of: "-----END"))
        let end = try #require(text.range(of: "FILE-----\n", range: mark.lowerBound..<text.endIndex))
        let damaged = text[..<begin.lowerBound] + armor.joined(separator: "\n") + "\n" + text[end.upperBound...]
        try team.write(staging, String(damaged))
        let result = try team.rekey(exits: 6)
        #expect(result.errorText.contains("cannot open `password` of staging/db"))
        #expect(result.errorText.contains("restore it from Git"))
        #expect(try team.read(staging) == String(damaged))
    }

    @Test func whatAnAliasSharesIsSealedForEach() throws {
        try team.write(
            "manifests/staging/alias.yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: staging/alias}
            spec:
              value:
                one: &shared |
            \(try team.plainAge("x", for: ["controller"]))
                two: *shared
                three: |
            \(try team.plainAge("y", for: ["controller"]))
            """)
        try team.rekey()
        // Each field has a value of its own now, bound to it.
        let armors = try Team.armors(in: team.bytes("manifests/staging/alias.yaml"))
        #expect(try armors.map { try team.opened($0, as: "bob") } == ["x", "x", "y"])
        #expect(try team.reseal("recipients", "check").text == "3 sealed values fit the rules.")
    }

    // MARK: Files
}
