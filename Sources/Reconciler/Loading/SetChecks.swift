internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealVault

/// The checks that need more than one file: duplicates, dangling references, bindings and recipients.
struct SetChecks {
    let set: ConvertedSet
    let surroundings: Surroundings
    let commit: ObjectID?
    /// Paths of resources that were there before and are gone, in this run's scope.
    let removed: [ResourceKey]
    let snapshot: any Snapshot
    let limits: ManifestLimits
    private var findings: [Diagnostic] = []

    init(
        set: ConvertedSet, surroundings: Surroundings, commit: ObjectID?, removed: [ResourceKey],
        snapshot: any Snapshot, limits: ManifestLimits
    ) {
        self.set = set
        self.surroundings = surroundings
        self.commit = commit
        self.removed = removed
        self.snapshot = snapshot
        self.limits = limits
    }

    /// All findings, errors and warnings.
    static func run(_ checks: SetChecks, policy: RepositoryPolicy, rules: RecipientRules?) throws -> [Diagnostic] {
        var checks = checks
        try checks.findDuplicates()
        // When a document could not be read, what it declares is unknown: a reference to it is no error.
        if checks.set.isComplete { try checks.findDanglingReferences() }
        checks.judgeSeals(policy: policy, rules: rules)
        return checks.findings
    }

    // MARK: Duplicates

    private mutating func findDuplicates() throws {
        var previous: DesiredResource?
        for manifest in set.manifests {
            let resource = manifest.resource
            let elsewhere =
                previous?.key == resource.key ? previous?.position : try surroundings.position(resource.key)
            if let elsewhere {
                findings.append(
                    Diagnostic(
                        code: "manifest.duplicate", "\(resource.key) is declared twice; first at \(place(elsewhere))",
                        hint: "remove or rename one of the two", at: span(resource.position)))
            }
            previous = resource
        }
    }

    // MARK: References

    private mutating func findDanglingReferences() throws {
        let here = Set(set.manifests.map(\.resource.key)).union(set.rejected)
        var verdicts: [ReferenceTarget: Bool] = [:]
        for manifest in set.manifests {
            for target in manifest.resource.references {
                guard case .resource(let key) = target else { continue }
                let exists: Bool
                if let known = verdicts[target] {
                    exists = known
                } else {
                    exists = here.contains(key) ? true : try surroundings.position(key) != nil
                    verdicts[target] = exists
                }
                if !exists { try reportDangling(key, in: manifest.resource) }
            }
        }
        for key in removed where !here.contains(key) {
            for referrer in try surroundings.referrers(.resource(key)) {
                findings.append(
                    Diagnostic(
                        code: "manifest.dangling-reference", "\(referrer.key) refers to \(key), which this commit removes",
                        hint: "remove the reference too, or keep \(key)", at: span(referrer.position)))
            }
        }
    }

    private mutating func reportDangling(_ key: ResourceKey, in resource: DesiredResource) throws {
        let names =
            set.manifests.map(\.resource.key).filter { $0.kind == key.kind && $0.organization == key.organization }
            .map(\.name) + (try surroundings.names(key.kind, key.organization))
        let nearest = NearestName.suggestion(for: key.name, in: names)
        // Where the name of a Secret belongs, somebody may have put a secret.
        let shown = key.kind == .secret ? "of this name" : "`\(key.name)`"
        findings.append(
            Diagnostic(
                code: "manifest.dangling-reference", "there is no \(key.kind.rawValue) \(shown)",
                hint: nearest.map { "did you mean `\($0)`?" }
                    ?? "declare it in a manifest of kind \(key.kind.rawValue) in organization \(key.organization)",
                at: try exactSpan(of: key, in: resource)))
    }

    /// Where the reference stands. Positions of references are not kept for all manifests; the file is read once more.
    private func exactSpan(of key: ResourceKey, in resource: DesiredResource) throws -> SourceSpan {
        guard let file = try snapshot.file(at: resource.position.path),
            let bytes = try? snapshot.read(file, limitBytes: limits.yaml.fileBytes)
        else { return span(resource.position) }
        let reading = ManifestReader.read(ManifestFile(path: file.path, bytes: bytes, commit: commit), limits: limits)
        let manifest = reading.manifests.first { $0.key == resource.key }
        return manifest?.references.first { $0.target == .resource(key) }?.span ?? span(resource.position)
    }

    // MARK: Seals

    private mutating func judgeSeals(policy: RepositoryPolicy, rules: RecipientRules?) {
        // A change that relaxes a rule is still judged by it: the rule is gone for the next one only.
        let base = surroundings.basePolicy
        let mustBind = policy.requireBinding || base?.requireBinding == true
        let valueBytes = min(policy.valueBytes, base?.valueBytes ?? .max)
        for manifest in set.manifests {
            let resource = manifest.resource
            for note in manifest.seals {
                judge(note, resource, repository: policy.repositoryID, valueBytes: valueBytes, mustBind: mustBind)
                let problem = rules?.problem(
                    bound: note.repository == nil && note.sopsFile == nil ? nil : note.recipients,
                    stanzaTypes: note.stanzaTypes, path: note.sopsFile ?? resource.position.path,
                    name: resource.key.name)
                if let problem {
                    report(
                        .warning, "value.recipients", "\(label(note)) of \(resource.key.secretID) \(problem)",
                        note.sopsFile.map { "run `sops updatekeys \($0)`, or adjust the rules" }
                            ?? "seal it anew with `reseal seal \(resource.key.name)`", note, resource)
                }
            }
        }
    }

    private mutating func judge(
        _ note: SealNote, _ resource: DesiredResource, repository: String, valueBytes: Int64, mustBind: Bool
    ) {
        let id = resource.key.secretID
        if Int64(note.plaintextBytes) > valueBytes {
            report(
                .error, "value.too-large", "\(label(note)) of \(id) is larger than \(valueBytes) bytes",
                "raise `limits.valueBytes` in the Repository manifest, in a commit of its own before", note, resource)
        }
        if let bound = note.repository {
            guard !repository.isEmpty, bound != repository else { return }
            report(
                .error, "value.misplaced",
                "\(label(note)) of \(id) was sealed for another repository (`\(bound.prefix(64))`)",
                "seal it anew in this repository with `reseal seal \(id.name)`", note, resource)
        } else {
            report(
                mustBind ? .error : .warning, "value.unbound",
                "\(label(note)) of \(id) says neither where it belongs nor how old it is",
                note.sopsFile.map { "`reseal import sops \($0)` seals it anew, bound to its place" }
                    ?? "seal it with `reseal seal \(id.name)` instead of plain age", note, resource)
        }
    }

    private func label(_ note: SealNote) -> String { note.field.isEmpty ? "the value" : "`\(note.field)`" }

    private mutating func report(
        _ severity: Diagnostic.Severity, _ code: String, _ message: String, _ hint: String, _ note: SealNote,
        _ resource: DesiredResource
    ) {
        findings.append(
            Diagnostic(
                severity, code: code, message, hint: hint,
                at: SourceSpan(
                    file: resource.position.path, line: Int(note.line), column: Int(note.column), commit: commit)))
    }

    private func span(_ position: SourcePosition) -> SourceSpan {
        var span = position.span
        span.commit = commit
        return span
    }

    private func place(_ position: SourcePosition) -> String {
        "\(position.path):\(position.line):\(position.column)"
    }
}
