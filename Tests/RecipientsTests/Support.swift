import Foundation
import ResealAge
import ResealCore
import ResealManifests
import ResealSealing
import TestSupport

/// A repository with a controller and three people, and someone to run the program.
struct Team {
    static let people = ["alice", "bob", "carol"]
    let user: Installation
    /// By name; `controller` is the installation's own.
    let recipients: [String: String]

    private static let shared = Result { try made() }

    /// A copy of one that is made once.
    init() throws {
        let made = try Self.shared.get()
        user = try Installation(copying: made.user)
        recipients = made.recipients
    }

    /// A copy of its own of all that `other` has.
    init(copying other: Team) throws { self.init(try Installation(copying: other.user), other.recipients) }

    private init(_ user: Installation, _ recipients: [String: String]) {
        self.user = user
        self.recipients = recipients
    }

    private static func made() throws -> Team {
        let user = try Installation()
        var recipients = ["controller": try user.recipient()]
        for name in people {
            try user.check("keygen", "-o", user.folder.file("\(name).txt"))
            recipients[name] = try user.check("keygen", "-y", user.folder.file("\(name).txt")).text
        }
        let team = Team(user, recipients)
        try team.write(
            "manifests/repository.yaml",
            """
            apiVersion: reseal/v1
            kind: Repository
            metadata: {name: repository}
            spec: {id: 0123456789abcdef}
            """)
        try team.write(
            "manifests/roles.yaml",
            "apiVersion: reseal/v1\nkind: Role\nmetadata: {name: sre}\nspec: {members: [user:ada]}")
        try team.writeRules()
        return team
    }

    subscript(name: String) -> String { recipients[name] ?? "" }
    func identity(_ name: String) -> String { name == "controller" ? user.identity : user.folder.file("\(name).txt") }
    func fingerprint(_ name: String) throws -> String { try X25519Recipient(self[name]).fingerprint }

    // MARK: Files

    var repository: GitFixture { user.repository }
    func path(_ file: String) -> String { "\(repository.path)/\(file)" }
    func write(_ file: String, _ text: String) throws {
        try repository.write(file, text.hasSuffix("\n") ? text : text + "\n")
    }
    func read(_ file: String) throws -> String { try String(contentsOfFile: path(file), encoding: .utf8) }
    func bytes(_ file: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(file)))) }

    /// Staging is for alice and bob, production for alice.
    func writeRules(_ text: String? = nil) throws {
        try write("manifests/recipients.yaml", text ?? rules())
    }

    func rules() -> String {
        """
        apiVersion: reseal/v1
        kind: Recipients
        metadata: {name: recipients}
        spec:
          # Opens everything.
          controller: \(self["controller"])
          groups:
            # They hold the pager.
            sre:
              - \(self["alice"]) # alice
              - \(self["bob"])   # bob
          rules:
            - paths: ["manifests/staging/**"]
              recipients: ["group:sre"]   # everyone
            - names: ["prod/**"]
              recipients: [\(self["alice"])]

        """
    }

    /// A manifest with the fields `user` (plain) and `password`.
    func writeSecret(_ name: String, file: String? = nil) throws {
        try write(
            file ?? "manifests/\(name).yaml",
            """
            # \(name): a comment that no edit may lose
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: \(name)}
            spec:
              value:
                user:   'service' # plain
                password: ""      # sealed
              permissions: {read: [role:sre]}
            """)
    }

    func seal(_ name: String, _ value: String, field: String = "password") throws { try user.seal(name, field, value) }

    /// One sealed value in staging and one in production, committed.
    func writeSamples() throws {
        for name in ["staging/db", "prod/db"] {
            try writeSecret(name)
            try seal(name, "password of \(name)")
        }
        try repository.commit("samples")
    }

    // MARK: Programs

    /// Runs `reseal` in the repository.
    @discardableResult
    func reseal(
        _ words: String..., stdin: String = "", exits status: Int32 = 0, variables: [String: String?] = [:]
    ) throws -> Command.Result {
        let result = try user.reseal(
            words, stdin: Array(stdin.utf8), variables: variables, directory: repository.path)
        guard result.status == status else {
            throw Command.Failure(
                description: "`reseal \(words.joined(separator: " "))` ended with \(result.status), not \(status): "
                    + result.text + result.errorText)
        }
        return result
    }

    func json(_ words: String..., exits status: Int32 = 0) throws -> JSON {
        let result = try user.reseal(words + ["--json"], directory: repository.path)
        guard result.status == status else {
            throw Command.Failure(
                description: "`reseal \(words.joined(separator: " "))` ended with \(result.status), not \(status): "
                    + result.text + result.errorText)
        }
        return try JSON(parsing: result.stdout)
    }

    @discardableResult
    func rekey(as name: String = "controller", _ words: String..., exits status: Int32 = 0) throws -> Command.Result {
        let line = ["rekey", "--identity", identity(name)] + words
        let result = try user.reseal(line, directory: repository.path)
        guard result.status == status else {
            throw Command.Failure(description: "rekey ended with \(result.status), not \(status): \(result.errorText)")
        }
        return result
    }

    /// What the real `age` makes of a sealed field; `nil` if that person cannot open it.
    func opened(_ file: String, as name: String) throws -> String? {
        let armor = try Self.armors(in: bytes(file))
        guard let first = armor.first else { throw Command.Failure(description: "\(file) has nothing sealed") }
        return try opened(first, as: name)
    }

    func opened(_ sealed: [UInt8], as name: String) throws -> String? {
        let result = try Command.run("age", ["-d", "-i", identity(name)], stdin: sealed)
        return result.status == 0 ? result.text : nil
    }

    /// A file that plain age made, armored and indented for a manifest.
    func plainAge(_ value: String, for names: [String], indent: Int = 6) throws -> String {
        let sealed = try Command.check(
            "age", ["-e", "-a"] + names.flatMap { ["-r", self[$0]] }, stdin: Array(value.utf8)
        ).text
        return sealed.split(separator: "\n").map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
    }

    /// A manifest whose password plain age has sealed.
    func writeUnbound(_ name: String, _ value: String, for names: [String], file: String? = nil) throws {
        try write(
            file ?? "manifests/\(name).yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: \(name)}
            spec:
              value:
                password: |
            \(try plainAge(value, for: names))
            """)
    }

    // MARK: Sealed values

    static func armors(in bytes: [UInt8]) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        var lines: [Substring] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("-----BEGIN AGE") { lines = [text] } else if !lines.isEmpty { lines.append(text) }
            if text.hasPrefix("-----END AGE") {
                found.append(Array((lines.joined(separator: "\n") + "\n").utf8))
                lines = []
            }
        }
        return found
    }

    /// The binding of the first sealed value of a file.
    func binding(_ file: String) throws -> Binding {
        let sealed = try Self.armors(in: bytes(file)).first ?? bytes(file)
        guard let binding = try Binding.find(in: SealedFile(parsing: sealed).header.stanzas) else {
            throw Command.Failure(description: "\(file) has no binding")
        }
        return binding
    }
}

extension JSON {
    /// The texts at `key` of each member of a list.
    func texts(_ key: String) -> [String] { (arrayValue ?? []).compactMap { $0[key]?.stringValue } }
    var codes: [String] { texts("code") }
    subscript(index: Int) -> JSON? { arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
}

/// Recipients that nobody has the identity of.
enum Recipients {
    static func random() throws -> String { try X25519Identity().recipient.description }
}
