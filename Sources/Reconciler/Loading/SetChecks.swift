internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealVault

/// The checks that need more than one file: duplicates, dangling references, bindings and recipients.
struct SetChecks {
    private let set: ConvertedSet
    private let surroundings: Surroundings
    private let places: SourcePlaces
    private var findings: [Diagnostic] = []

    private init(_ set: ConvertedSet, _ surroundings: Surroundings, _ places: SourcePlaces) {
        self.set = set
        self.surroundings = surroundings
        self.places = places
    }

    /// All findings, errors and warnings.
    ///
    /// - Parameter removed: resources that the files held before and hold no longer.
    static func run(
        _ set: ConvertedSet, _ surroundings: Surroundings, _ places: SourcePlaces, _ rules: RepositoryRules,
        removed: [ResourceKey]
    ) throws -> [Diagnostic] {
        var checks = SetChecks(set, surroundings, places)
        try checks.findDuplicates()
        // When a document could not be read, what it declares is unknown: a reference to it is no error.
        if set.isComplete {
            checks.findings += try ReferenceChecks.run(set, surroundings, places, removed: removed)
        }
        checks.judgeSeals(policy: rules.policy, rules: rules.recipients)
        return checks.findings
    }

    // MARK: Duplicates

    private mutating func findDuplicates() throws {
        let others = try surroundings.positions(set.manifests.map(\.resource.key))
        var previous: DesiredResource?
        for manifest in set.manifests {
            let resource = manifest.resource
            let elsewhere = previous?.key == resource.key ? previous?.position : others[resource.key]
            if let elsewhere {
                findings.append(
                    Diagnostic(
                        code: "manifest.duplicate", "\(resource.key) is declared twice; first at \(place(elsewhere))",
                        hint: "remove or rename one of the two", at: places.span(resource.position)))
            }
            previous = resource
        }
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
                            ?? "`reseal rekey \(resource.key.name)` seals it for the right ones", note, resource)
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
                    file: resource.position.path, line: Int(note.line), column: Int(note.column), commit: places.commit)
            ))
    }

    private func place(_ position: SourcePosition) -> String {
        "\(position.path):\(position.line):\(position.column)"
    }
}
