internal import ResealAge
package import ResealCore
internal import ResealGit
package import ResealManifests

/// Every sealed value of a commit or a work tree, and the rules about them, as anyone can see it without a key.
package struct SealSurvey: Sendable {
    /// In the order of files and places.
    package private(set) var entries: [SealEntry] = []
    package let law: SealLaw
    /// Errors of manifests and of sealed values: what they hide is not in ``entries``.
    package private(set) var problems: [Diagnostic] = []

    /// Throws ``ReconcileFailure/Kind/noRules`` without a Repository or Recipients manifest, and
    /// ``DiagnosticsFailure`` when one of the two cannot be read.
    package init(_ checkout: Checkout, workers: Int = DesiredLoader.defaultWorkers) throws {
        try self.init(checkout.snapshots, workers: workers)
    }

    init(_ source: any SnapshotSource, workers: Int = DesiredLoader.defaultWorkers) throws {
        let parts = try Self.read(source, workers: workers)
        for part in parts {
            entries += part.entries
            problems += part.problems
        }
        law = try SealLaw(parts.flatMap(\.definitions), problems: problems) { path in
            let snapshot = try source.open()
            guard let file = try snapshot.fileOutside(at: path), file.kind == .regular || file.kind == .executable
            else {
                return nil
            }
            return try snapshot.read(file, limitBytes: ManifestLimits.standard.yaml.fileBytes)
        }
    }

    /// The sealed values alone, as far as they can be read, whatever the rules are.
    static func entries(_ source: any SnapshotSource, workers: Int = DesiredLoader.defaultWorkers) throws -> [SealEntry]
    {
        try read(source, workers: workers).flatMap(\.entries)
    }

    private static func read(_ source: any SnapshotSource, workers: Int) throws -> [Part] {
        let files = try source.open().files().filter(\.isManifest)
        return try ParallelMap.run(files.count, workers: workers) {
            SealReader(snapshot: try source.open(), commit: source.commit)
        } _: { reader, number in
            let found = try reader.read(files[number])
            return Part(entries: found.seals.map(\.entry), definitions: found.definitions, problems: found.problems)
        }
    }

    private struct Part: Sendable {
        let entries: [SealEntry]
        let definitions: [Manifest]
        let problems: [Diagnostic]
    }
}

/// By what sealed values are judged: the Repository and Recipients manifests.
package struct SealLaw: Sendable {
    package let repositoryID: String
    /// Those of the manifest and, behind them, those of the `.sops.yaml` that it names.
    package let rules: RecipientRules
    /// What the manifest itself says.
    package let spec: RecipientsSpec
    /// The file of the Recipients manifest.
    package let file: ManifestFile
    package let names: RecipientNames

    /// - Parameters:
    ///   - definitions: the manifests that are not secrets.
    ///   - problems: errors of the run, for when one of the two is among what could not be read.
    ///   - access: what sealing to the recipients may do.
    ///   - read: the content of a file of the same snapshot, by its path from the root of the repository; `nil` where
    ///     there is none.
    init(
        _ definitions: [Manifest], problems: [Diagnostic], access: KeyAccess = .unattended,
        read: (String) throws -> [UInt8]?
    ) throws {
        var repositoryID: String?
        var recipients: Manifest?
        for manifest in definitions {
            switch manifest.spec {
            case .repository(let spec): repositoryID = spec.id
            case .recipients:
                if let first = recipients { throw Self.second(manifest, after: first.span) }
                recipients = manifest
            default: break
            }
        }
        guard let repositoryID, let recipients, case .recipients(let spec) = recipients.spec,
            let bytes = try read(recipients.span.file)
        else {
            guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
            throw ReconcileFailure(
                .noRules, "the manifests have no \(repositoryID == nil ? "Repository" : "Recipients") manifest",
                hint: "`reseal init --manifests DIR --recipient age1…` writes both")
        }
        self.repositoryID = repositoryID
        self.spec = spec
        rules = try SOPSConfigFiles.rules(recipients, access: access, read: read)
        file = ManifestFile(path: recipients.span.file, bytes: bytes, commit: recipients.span.commit)
        names = RecipientNames(rules, file: file)
    }

    private static func second(_ manifest: Manifest, after first: SourceSpan) -> DiagnosticsFailure {
        DiagnosticsFailure([
            Diagnostic(
                code: "manifest.second-recipients",
                "a repository has one manifest of kind Recipients; the first is at \(first)", hint: "merge the two",
                at: manifest.span)
        ])
    }

    /// Those who may open a value.
    package func audience(of entry: SealEntry) -> RecipientRules.Audience {
        rules.audience(path: entry.manifest, name: entry.id.name)
    }

    /// What is wrong with a value; `nil` if it fits.
    package func fault(of entry: SealEntry) -> SealFault? {
        fault(of: entry, audience: audience(of: entry))
    }

    func fault(of entry: SealEntry, audience: RecipientRules.Audience) -> SealFault? {
        if let problem = entry.binding?.mismatch(
            repository: repositoryID, organization: entry.id.organization, secret: entry.id.name, field: entry.field)
        {
            return .misplaced(problem)
        }
        let mismatch = audience.mismatch(bound: entry.binding?.recipients, stanzaTypes: entry.stanzaTypes)
        if entry.binding == nil { return .unbound(mismatch) }
        return mismatch.map(SealFault.recipients)
    }
}

/// Why a sealed value does not fit the rules.
package enum SealFault: Sendable {
    /// Sealed for another place. Nobody may seal that anew without looking: it may have been copied there to be read.
    /// Completes "the value …".
    case misplaced(String)
    /// Without a binding; and who can open it does not fit either, as far as that can be seen.
    case unbound(RecipientMismatch?)
    case recipients(RecipientMismatch)

    package var mismatch: RecipientMismatch? {
        switch self {
        case .misplaced: nil
        case .unbound(let mismatch): mismatch
        case .recipients(let mismatch): mismatch
        }
    }
}
