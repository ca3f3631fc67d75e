import ResealAge
import ResealCore

extension RandomHistory {
    /// A few edits at random, often only one; the names of what was done.
    mutating func edit() throws -> [String] {
        var done: [String] = []
        for _ in 0..<(chance(50) ? 1 : Int.random(in: 2...4, using: &random)) {
            guard let (name, edit) = pick(Self.edits) else { continue }
            try edit(&self)
            done.append(name)
        }
        return done
    }

    /// Damage that a whole reading of the repository finds, often in another file than the changed one.
    mutating func damage() throws -> String {
        guard let (name, damage) = pick(Self.damages) else { return "" }
        try damage(&self)
        return name
    }

    private typealias Edit = (String, @Sendable (inout RandomHistory) throws -> Void)

    private static let edits: [Edit] = [
        ("add secret", { try $0.addSecret() }), ("add secret", { try $0.addSecret() }),
        ("remove secret", { $0.removeSecret() }),
        ("change value", { try $0.changeField() }), ("change value", { try $0.changeField() }),
        ("add field", { try $0.addField() }), ("remove field", { try $0.removeField() }),
        ("seal anew", { try $0.sealAnew() }), ("drop value", { try $0.dropValue() }),
        ("permissions", { try $0.changePermissions() }), ("metadata", { try $0.changeMetadata() }),
        ("drift policy", { try $0.changeDriftPolicy() }),
        ("rename file", { $0.renameFile() }), ("move document", { $0.moveDocument() }),
        ("move document", { $0.moveDocument() }), ("shuffle file", { $0.shuffleFile() }),
        ("merge files", { $0.mergeFiles() }), ("rename secret", { try $0.renameSecret() }),
        ("change organization", { try $0.changeOrganization() }), ("change kind", { try $0.changeKind() }),
        ("role members", { $0.changeRole() }), ("role members", { $0.changeRole() }),
        ("add connection", { $0.addConnection() }),
        ("value file", { try $0.addValueFile() }), ("change value file", { try $0.changeValueFile() }),
        ("change value file", { try $0.changeValueFile() }), ("change value file", { try $0.changeValueFile() }),
        ("readme", { $0.values["README.md"] = $0.fresh("text") }),
        ("other file", { $0.values["manifests/notes.txt"] = $0.fresh("text") }),
        ("recipients", { $0.changeRecipients() }), ("repository", { $0.changeRepository() }),
        ("back", { $0.restoreFile() }), ("nothing", { _ in }),
    ]

    private static let damages: [Edit] = [
        ("duplicate", { $0.duplicate() }), ("dangling reference", { $0.dropReferred() }),
        ("dangling reference", { $0.dropReferred() }), ("dangling reference", { $0.dropReferred() }),
        ("missing value file", { $0.dropValueFile() }),
        ("moved ciphertext", { $0.moveCiphertext() }), ("moved value file", { $0.swapValueFiles() }),
        ("second repository", { $0.add(ModelDocument(name: "again", body: .repository(lines: []))) }),
        ("no repository", { $0.files["manifests/repository.yaml"] = nil }),
        ("unknown role", { try $0.nameUnknownRole() }),
        ("broken file", { $0.values["manifests/broken.yaml"] = "apiVersion: reseal/v1\nkind: [}" }),
    ]

    // MARK: Secrets

    mutating func add(_ document: ModelDocument) { files[anyPath(), default: []].append(document) }

    mutating func addSecret() throws {
        // Old names come back too.
        let name = chance(70) ? fresh("secret") : "secret-\(Int.random(in: 1...12, using: &random))"
        guard !files.values.joined().contains(where: { $0.name == name }) else { return }
        var secret = ModelSecret(read: principals(), write: principals())
        let id = SecretID(name)
        secret.fields = ["host": fresh("host"), "password": try seal(fresh("value"), id, "password")]
        if chance(20) { secret.fields = ["": try seal(fresh("value"), id, "")] }
        add(ModelDocument(name: name, body: .secret(secret)))
    }

    private mutating func removeSecret() {
        guard let place = pick(secrets()), case let document = self[place], !isReferred(document) else {
            return
        }
        remove(at: place)
    }

    private func isReferred(_ document: ModelDocument) -> Bool {
        files.values.joined().contains { other in
            switch (other.body, document.body) {
            case (.connection(let credentials), .secret):
                credentials == document.name && document.organization == nil
            case (.secret(let secret), .role): (secret.read + secret.write).contains("role:\(document.name)")
            case (.secret(let secret), .connection): secret.connection == document.name
            case (.dynamicSecret(let connection, _), .connection): connection == document.name
            case (.dynamicSecret(_, let generate), .role): generate.contains("role:\(document.name)")
            default: false
            }
        }
    }

    private mutating func changeField() throws {
        try editSecret { history, secret, id in
            guard let field = history.pick(secret.fields.keys.sorted()) else { return }
            let text = history.fresh("value")
            secret.fields[field] = history.chance(70) ? try history.seal(text, id, field) : text
        }
    }

    private mutating func dropValue() throws { try editSecret { _, secret, _ in secret.fields = [:] } }

    private mutating func changePermissions() throws {
        try editSecret { history, secret, id in
            guard id.organization == SecretID.defaultOrganization else { return }
            secret.read = history.principals()
            secret.write = history.principals()
        }
    }

    private mutating func changeMetadata() throws {
        try editSecret { history, secret, _ in
            secret.description = history.fresh("text")
            secret.isProtected = history.chance(20)
        }
    }

    private mutating func changeDriftPolicy() throws {
        try editSecret { history, secret, _ in secret.driftPolicy = history.pick(history.driftPolicies) }
    }

    private mutating func addField() throws {
        try editSecret { history, secret, id in
            guard secret.file == nil, secret.fields[""] == nil else { return }
            let field = history.pick(["a", "b", "token"]) ?? "a"
            secret.fields[field] = try history.seal(history.fresh("value"), id, field)
        }
    }

    private mutating func removeField() throws {
        try editSecret { history, secret, _ in
            guard secret.fields.count > 1, let field = history.pick(secret.fields.keys.sorted()) else { return }
            secret.fields[field] = nil
        }
    }

    private mutating func sealAnew() throws {
        try editSecret { history, secret, id in
            guard secret.fields["password"] != nil else { return }
            secret.fields["password"] = try history.seal("always the same", id, "password")
        }
    }

    /// A new name means new seals: the old ones are bound to the old name.
    private mutating func resealed(_ secret: ModelSecret, _ id: SecretID) throws -> ModelSecret {
        var secret = secret
        for (field, text) in secret.fields.sorted(by: { $0.key < $1.key }) where text.contains("\n") {
            secret.fields[field] = try seal(fresh("value"), id, field)
        }
        return secret
    }

    private mutating func renameSecret() throws {
        guard let place = pick(secrets()), case var document = self[place], !isReferred(document),
            case .secret(let secret) = document.body, secret.file == nil
        else { return }
        document.name = fresh("secret")
        document.body = .secret(try resealed(secret, document.id))
        self[place] = document
    }

    private mutating func changeOrganization() throws {
        guard let place = pick(secrets()), case var document = self[place], !isReferred(document),
            case .secret(var secret) = document.body, secret.file == nil
        else { return }
        document.organization = document.organization == nil ? "other" : nil
        secret.read = ["user:alice"]
        secret.write = []
        secret.connection = nil
        document.body = .secret(try resealed(secret, document.id))
        self[place] = document
    }

    private mutating func changeKind() throws {
        let connections = places { if case .connection = $0.body { true } else { false } }
        guard let connection = pick(connections).map({ self[$0] }) else { return }
        let dynamic = places { if case .dynamicSecret = $0.body { true } else { false } }
        if chance(40), let place = pick(dynamic), case let document = self[place] {
            let sealed = try seal(fresh("value"), document.id, "")
            self[place].body = .secret(ModelSecret(fields: ["": sealed]))
        } else if let place = pick(secrets()), case let document = self[place], !isReferred(document),
            document.organization == nil
        {
            self[place].body = .dynamicSecret(connection: connection.name, generate: principals())
        }
    }

    // MARK: Files

    private mutating func renameFile() {
        guard let path = pick(files.keys.sorted()) else { return }
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        files["\(folder)/\(fresh("renamed")).yaml"] = files.removeValue(forKey: path)
    }

    private mutating func moveDocument() {
        // A value file is named relative to its manifest, so such a secret stays in its folder.
        let movable = places {
            if case .secret(let secret) = $0.body { secret.file == nil } else { true }
        }
        guard let place = pick(movable), case let document = remove(at: place) else { return }
        add(document)
    }

    private mutating func shuffleFile() {
        guard let path = pick(files.keys.sorted()) else { return }
        files[path]?.shuffle(using: &random)
    }

    private mutating func mergeFiles() {
        guard let from = pick(files.keys.sorted()), let to = pick(files.keys.sorted()), from != to,
            from.split(separator: "/").dropLast() == to.split(separator: "/").dropLast(),
            let documents = files.removeValue(forKey: from)
        else { return }
        files[to]?.append(contentsOf: documents)
    }

    /// An earlier state of a file, as `git checkout OLD -- FILE` gives it: values that were replaced come back.
    private mutating func restoreFile() {
        guard let past = pick(past), let path = pick(past.keys.sorted()), let old = past[path] else { return }
        let elsewhere = Set(files.filter { $0.key != path }.values.joined().map(\.name))
        files[path] =
            old.filter { document in
                guard case .secret(let secret) = document.body, secret.connection == nil, secret.file == nil else {
                    return false
                }
                return !elsewhere.contains(document.name)
            } + (files[path] ?? []).filter { if case .secret = $0.body { false } else { true } }
    }

    // MARK: Others

    private mutating func changeRole() {
        let roles = places { if case .role = $0.body { true } else { false } }
        guard let place = pick(roles) else { return }
        let all = ["user:alice", "user:bob", "user:carol", "service:orders"]
        self[place].body = .role(members: all.filter { _ in chance(50) })
    }

    mutating func addConnection() {
        let candidates = secrets().map { self[$0] }.filter { $0.organization == nil }
        guard let credentials = pick(candidates) else { return }
        let name = fresh("connection")
        add(ModelDocument(name: name, body: .connection(credentials: credentials.name)))
        if chance(70), let place = pick(secrets()), self[place].organization == nil,
            case .secret(var secret) = self[place].body
        {
            secret.connection = name
            self[place].body = .secret(secret)
        }
    }

    private mutating func changeRecipients() {
        let places = places { if case .recipients = $0.body { true } else { false } }
        guard let place = places.first else { return }
        self[place].body = .recipients(groups: [fresh("team"): ["\(bench.identity.recipient)"]])
    }

    private mutating func changeRepository() {
        let places = places { if case .repository = $0.body { true } else { false } }
        guard let place = places.first, case .repository(var lines) = self[place].body else { return }
        lines.removeAll { $0.hasPrefix("description") }
        self[place].body = .repository(lines: lines + ["description: \(fresh("text"))"])
    }

    mutating func addValueFile() throws {
        guard let place = pick(secrets()), case let document = self[place],
            case .secret(var secret) = document.body
        else { return }
        let name = fresh("blob") + ".age"
        secret.fields = [:]
        secret.file = name
        let folder = place.path.split(separator: "/").dropLast().joined(separator: "/")
        values["\(folder)/\(name)"] = try seal(fresh("blob"), document.id, "")
        self[place].body = .secret(secret)
    }

    /// Only the value's file changes, and not the manifest that names it.
    private mutating func changeValueFile() throws {
        for place in secrets() {
            guard case let document = self[place], case .secret(let secret) = document.body,
                let name = secret.file, chance(50)
            else { continue }
            let folder = place.path.split(separator: "/").dropLast().joined(separator: "/")
            values["\(folder)/\(name)"] = try seal(fresh("blob"), document.id, "")
        }
    }

    // MARK: Damage

    private mutating func duplicate() {
        guard let place = pick(places()), case let document = self[place] else { return }
        files["manifests/\(fresh("copy")).yaml"] = [document]
    }

    private mutating func nameUnknownRole() throws {
        try editSecret { history, secret, _ in secret.read = ["role:\(history.fresh("nobody"))"] }
    }

    /// Something that a manifest, most likely in another file, refers to.
    private mutating func dropReferred() {
        let referred = places(isReferred)
        guard let place = pick(referred) else { return }
        remove(at: place)
    }

    private mutating func dropValueFile() {
        guard let path = pick(values.keys.filter { $0.hasSuffix(".age") }.sorted()) else { return }
        values[path] = nil
    }

    private mutating func moveCiphertext() {
        let sealed = secrets().filter {
            if case .secret(let s) = self[$0].body { s.fields["password"] != nil } else { false }
        }
        guard let from = pick(sealed), let to = pick(sealed), case .secret(let source) = self[from].body,
            case .secret(var target) = self[to].body
        else { return }
        target.fields["password"] = source.fields["password"]
        self[to].body = .secret(target)
    }

    private mutating func swapValueFiles() {
        let paths = values.keys.filter { $0.hasSuffix(".age") }.sorted()
        guard let a = pick(paths), let b = pick(paths) else { return }
        (values[a], values[b]) = (values[b], values[a])
    }
}
