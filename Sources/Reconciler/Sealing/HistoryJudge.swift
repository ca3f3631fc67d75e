internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests

/// Puts together what the versions of files say about a recipient.
struct HistoryJudge {
    /// The rules of one commit, with those of the `.sops.yaml` that stood beside them.
    private enum Rules {
        case readable(RecipientRules)
        /// They could not be read, and do or do not mention the recipient.
        case malformed(mentions: Bool)
    }

    private let fingerprint: String
    private let repository: GitRepository
    /// Manifests of rules, by the path and blob that held them.
    private var manifests: [String: [ObjectID: HistoricFile.Rules]] = [:]
    private var rulesByCommit: [ObjectID: [Rules]] = [:]
    /// Secrets by the file of their value, with the manifests that say so.
    private var owners: [String: [(id: SecretID, manifest: String)]] = [:]
    private var found: [OffboardingReport.Subject: OffboardingReport.Value] = [:]
    private var seen: [OffboardingReport.Subject: Set<[UInt8]>] = [:]

    init(fingerprint: String, repository: GitRepository) {
        self.fingerprint = fingerprint
        self.repository = repository
    }

    var values: [OffboardingReport.Value] { found.values.sorted { $0.subject < $1.subject } }

    /// Takes in what judging others needs to know of a file. To be called with all files first.
    mutating func learn(_ file: HistoricFile, at place: TreeFile) {
        if let held = file.rules { manifests[place.path, default: [:]][place.blob] = held }
        for (target, id) in file.valueFiles where owners[target]?.contains(where: { $0.id == id }) != true {
            owners[target, default: []].append((id, place.path))
        }
    }

    /// - Parameter commits: those that brought this version of the file, oldest first.
    mutating func add(_ file: HistoricFile, at path: String, commits: [ObjectID]) throws {
        if let digest = file.document { note(.file(path), .document, digest, path, commits[0], counter: 0) }
        for seal in file.bound {
            note(.field(seal.id, seal.field), .binding, seal.mac, path, commits[0], counter: seal.counter)
        }
        for seal in file.unbound {
            for commit in commits {
                for subject in try subjects(of: seal, at: path, in: commit) {
                    note(subject, .rules, seal.mac, path, commit, counter: 0)
                }
            }
        }
    }

    private mutating func note(
        _ subject: OffboardingReport.Subject, _ basis: OffboardingReport.Basis, _ mac: [UInt8], _ path: String,
        _ commit: ObjectID, counter: Int64
    ) {
        guard seen[subject, default: []].insert(mac).inserted else { return }
        let version = OffboardingReport.Version(commit: commit, file: path, counter: counter)
        var value = found[subject] ?? OffboardingReport.Value(subject, basis, [])
        value.versions.append(version)
        if basis == .binding { value.basis = .binding }
        found[subject] = value
    }

    // MARK: Unbound values

    /// The values that an unbound ciphertext is, as far as the recipient may have been able to open it.
    private mutating func subjects(
        of seal: HistoricFile.Unbound, at path: String, in commit: ObjectID
    ) throws -> [OffboardingReport.Subject] {
        let rules = try rules(of: commit)
        if let place = seal.place {
            return isOpen(path, place.id, rules) ? [.field(place.id, place.field)] : []
        }
        if let owners = owners[path] {
            return owners.filter { isOpen($0.manifest, $0.id, rules) }.map { .field($0.id, .whole) }
        }
        // Nobody knows which rule it was made for.
        let isNamed = rules.contains { rules in
            switch rules {
            case .readable(let rules): rules.everyone.contains { $0.fingerprint == fingerprint }
            case .malformed(let mentions): mentions
            }
        }
        return isNamed ? [.file(path)] : []
    }

    private func isOpen(_ manifest: String, _ id: SecretID, _ rules: [Rules]) -> Bool {
        rules.contains { rules in
            switch rules {
            case .readable(let rules): rules.audience(path: manifest, name: id.name).contains(fingerprint)
            case .malformed(let mentions): mentions
            }
        }
    }

    /// The rules that stood in a commit; more than one where a repository had several by mistake.
    private mutating func rules(of commit: ObjectID) throws -> [Rules] {
        if let known = rulesByCommit[commit] { return known }
        let tree = try repository.commit(commit).tree
        var found: [Rules] = []
        for (path, versions) in manifests {
            guard let file = try repository.file(at: path, inTree: tree, prefix: ""), let held = versions[file.blob]
            else {
                continue
            }
            switch held {
            case .malformed(let mentions): found.append(.malformed(mentions: mentions))
            case .readable(let manifest):
                let rules = try? SOPSConfigFiles.rules(manifest) { path in
                    try repository.file(at: path, inTree: tree, prefix: "").map {
                        try repository.blob($0.blob, limitBytes: SOPSConfigFiles.maximumBytes)
                    }
                }
                found.append(rules.map { .readable($0) } ?? .malformed(mentions: true))
            }
        }
        rulesByCommit[commit] = found
        return found
    }
}
