import ResealAge
import ResealCore
import TestSupport

/// One document of a generated repository.
struct ModelDocument: Equatable {
    enum Body: Equatable {
        case secret(ModelSecret)
        case role(members: [String])
        case connection(credentials: String)
        case dynamicSecret(connection: String, generate: [String])
        case notifier
        case repository(lines: [String])
        case recipients(groups: [String: [String]])
    }
    var name: String
    var organization: String?
    var body: Body

    var id: SecretID { SecretID(name, organization: organization ?? SecretID.defaultOrganization) }
}

struct ModelSecret: Equatable {
    /// Text as it stands in the file: an armor or a plain scalar.
    var fields: [String: String] = [:]
    /// Instead of fields.
    var file: String?
    var read: [String] = []
    var write: [String] = []
    var description: String?
    var isProtected = false
    var driftPolicy: String?
    /// A Connection, named by a rotation handler.
    var connection: String?
}

/// A repository that changes at random. Most edits leave it valid; some break it on purpose, and the next one then
/// takes the damage back.
struct RandomHistory {
    let bench: Workbench
    let driftPolicies: [String]
    var random: SeededGenerator
    /// Documents by path.
    var files: [String: [ModelDocument]] = [:]
    /// Sealed value files by path.
    var values: [String: String] = [:]
    /// How often each field was sealed.
    private var counters: [String: Int64] = [:]
    private var number = 0
    private var lastGood: (files: [String: [ModelDocument]], values: [String: String])?
    private var committed: [String: String] = [:]
    /// Earlier states, to go back to.
    var past: [[String: [ModelDocument]]] = []

    init(_ bench: Workbench, seed: UInt64, repository: [String], driftPolicies: [String]) throws {
        self.bench = bench
        self.driftPolicies = driftPolicies
        random = SeededGenerator(seed: seed)
        files["manifests/repository.yaml"] = [ModelDocument(name: "repository", body: .repository(lines: repository))]
        files["manifests/recipients.yaml"] = [ModelDocument(name: "recipients", body: .recipients(groups: [:]))]
        files["manifests/roles.yaml"] = ["backend", "sre", "audit"].map {
            ModelDocument(name: $0, body: .role(members: ["user:\($0)-1"]))
        }
        for _ in 0..<8 { try addSecret() }
        for _ in 0..<2 { try addValueFile() }
        for _ in 0..<2 { addConnection() }
    }

    // MARK: Commits

    /// Commits what differs since the last call.
    mutating func commit() throws -> ObjectID {
        var wanted = values
        for (path, documents) in files where !documents.isEmpty {
            wanted[path] = documents.map(render).joined(separator: "---\n")
        }
        var changes: [String: String?] = [:]
        for (path, text) in wanted where committed[path] != text { changes[path] = text }
        for path in committed.keys where wanted[path] == nil { changes[path] = .some(nil) }
        committed = wanted
        return try bench.commit(changes)
    }

    /// The commit was good: what comes after a bad one starts from here.
    mutating func accept() {
        past.append(files)
        lastGood = (files, values)
    }

    mutating func takeBack() {
        guard let lastGood else { return }
        (files, values) = lastGood
    }

    // MARK: Tools

    mutating func pick<C: Collection>(_ items: C) -> C.Element? { items.randomElement(using: &random) }
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func fresh(_ prefix: String) -> String {
        number += 1
        return "\(prefix)-\(number)"
    }

    /// Seals under the next counter of the field.
    mutating func seal(_ text: String, _ id: SecretID, _ field: String) throws -> String {
        let place = "\(id) \(field)"
        counters[place, default: 0] += 1
        return try bench.sealed(
            text, id.name, field, counter: counters[place] ?? 1, organization: id.organization)
    }

    struct Place: Equatable {
        let path: String
        let index: Int
    }

    subscript(place: Place) -> ModelDocument {
        get { files[place.path, default: []][place.index] }
        set { files[place.path, default: []][place.index] = newValue }
    }

    @discardableResult
    mutating func remove(at place: Place) -> ModelDocument { files[place.path, default: []].remove(at: place.index) }

    /// Places of all documents that fit, in one order.
    func places(_ fits: (ModelDocument) -> Bool = { _ in true }) -> [Place] {
        files.keys.sorted().flatMap { path in
            files[path, default: []].indices.map { Place(path: path, index: $0) }.filter { fits(self[$0]) }
        }
    }

    func secrets() -> [Place] {
        places { if case .secret = $0.body { true } else { false } }
    }

    mutating func editSecret(_ edit: (inout RandomHistory, inout ModelSecret, SecretID) throws -> Void) throws {
        guard let place = pick(secrets()), case .secret(var secret) = self[place].body else { return }
        try edit(&self, &secret, self[place].id)
        self[place].body = .secret(secret)
    }

    mutating func anyPath() -> String {
        let folders = ["manifests", "manifests/prod", "manifests/prod/db", "manifests/test"]
        let existing = files.keys.filter { !$0.hasSuffix("repository.yaml") && !$0.hasSuffix("recipients.yaml") }
            .sorted()
        if chance(60), let path = pick(existing) { return path }
        return "\(pick(folders) ?? "manifests")/\(fresh("file")).\(chance(80) ? "yaml" : "yml")"
    }

    mutating func principals() -> [String] {
        let all = ["role:backend", "role:sre", "role:audit", "user:alice", "user:bob", "service:orders", "*"]
        let declared = all.filter { name in
            !name.hasPrefix("role:")
                || files.values.joined().contains { "role:\($0.name)" == name && $0.organization == nil }
        }
        return declared.filter { _ in chance(30) }
    }

    // MARK: Text

    private func render(_ document: ModelDocument) -> String {
        let organization = document.organization
        switch document.body {
        case .secret(let secret):
            return Text.document("Secret", document.name, organization: organization, lines(secret))
        case .role(let members): return Text.role(document.name, members, organization: organization)
        case .connection(let credentials):
            return Text.document(
                "Connection", document.name, organization: organization,
                ["engine: postgresql", "endpoint: main", "credentialsFrom: {secret: \(credentials)}"])
        case .dynamicSecret(let connection, let generate):
            return Text.document(
                "DynamicSecret", document.name, organization: organization,
                [
                    "engine: postgresql", "connection: \(connection)", "creation: [CREATE ROLE]",
                    "permissions: {generate: [\(list(generate))]}",
                ])
        case .notifier: return Text.document("Notifier", document.name, ["channel: exec", "command: tell"])
        case .repository(let lines):
            return Text.document("Repository", document.name, ["id: \(Workbench.repositoryID)"] + lines)
        case .recipients(let groups):
            let groups = groups.sorted { $0.key < $1.key }.map { "  \($0.key): [\($0.value.joined(separator: ", "))]" }
            return Text.document(
                "Recipients", document.name,
                ["controller: \(bench.identity.recipient)"] + (groups.isEmpty ? [] : ["groups:"] + groups))
        }
    }

    private func lines(_ secret: ModelSecret) -> [String] {
        var lines: [String] = []
        if let text = secret.description { lines.append("description: \(text)") }
        if secret.isProtected { lines.append("deletionProtection: true") }
        if let policy = secret.driftPolicy { lines.append("driftPolicy: \(policy)") }
        if let connection = secret.connection {
            lines.append("rotation: {handler: {postgresql: {connection: \(connection), role: app}}}")
        }
        if !secret.read.isEmpty || !secret.write.isEmpty {
            lines.append("permissions: {read: [\(list(secret.read))], write: [\(list(secret.write))]}")
        }
        if let file = secret.file { return lines + ["value: {fromFile: \(file)}"] }
        return lines + Text.value(secret.fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    private func list(_ principals: [String]) -> String { principals.map { "'\($0)'" }.joined(separator: ", ") }
}
