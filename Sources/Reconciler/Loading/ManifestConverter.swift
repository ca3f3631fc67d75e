internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What is known of a sealed field without any key, until the whole set is read and it can be judged. Small, since a
/// repository has hundreds of thousands.
struct SealNote {
    let field: String
    let line: Int32
    let column: Int32
    /// What the value is bound to; `nil` for an unbound one.
    let repository: String?
    /// Fingerprints of those it was sealed to, as its binding says; empty for an unbound one.
    let recipients: [String]
    let plaintextBytes: Int32
    /// Of the wrapped file keys.
    let stanzaTypes: [String]
    /// The file of SOPS that the value stands in.
    var sopsFile: String?
}

/// A converted manifest with what still has to be checked against the whole set.
struct ConvertedManifest {
    var resource: DesiredResource
    var seals: [SealNote]
}

/// Turns the manifests of one file into resources, opening their values on the way. For one thread.
struct ManifestConverter {
    let snapshot: any Snapshot
    let commit: ObjectID?
    let opener: any ValueOpener
    let valueBytes: Int
    let limits: ManifestLimits
    var interned = Interner()
    /// The last file of SOPS, since several secrets often take parts of one.
    var lastSOPS: SOPSContents?
    var converted: [ConvertedManifest] = []
    var definitions: [Manifest] = []
    var diagnostics: [Diagnostic] = []
    var rejected: [ResourceKey] = []
    var isComplete = true

    init(
        snapshot: any Snapshot, commit: ObjectID?, opener: any ValueOpener, valueBytes: Int, limits: ManifestLimits
    ) {
        self.snapshot = snapshot
        self.commit = commit
        self.opener = opener
        self.valueBytes = valueBytes
        self.limits = limits
    }

    mutating func convert(_ file: TreeFile) throws {
        guard file.kind == .regular || file.kind == .executable else {
            diagnostics.append(
                Diagnostic(
                    code: "manifest.not-a-file", "a manifest has to be a regular file, not a \(file.kind.rawValue)",
                    hint: "commit the file itself", at: SourceSpan(file: file.path, commit: commit)))
            return
        }
        let bytes: [UInt8]
        do {
            bytes = try snapshot.read(file, limitBytes: limits.yaml.fileBytes)
        } catch let failure as GitFailure where failure.kind == .tooLarge {
            diagnostics.append(
                Diagnostic(
                    code: failure.code, failure.message, hint: "split the file",
                    at: SourceSpan(file: file.path, commit: commit)))
            isComplete = false
            return
        }
        let reading = ManifestReader.read(ManifestFile(path: file.path, bytes: bytes, commit: commit), limits: limits)
        diagnostics += reading.diagnostics
        rejected += reading.rejected
        isComplete = isComplete && reading.isComplete
        for manifest in reading.manifests { try convert(manifest, blob: file.blob) }
    }

    private mutating func convert(_ manifest: Manifest, blob: ObjectID) throws {
        let manifest = try takingSOPSConfig(manifest)
        var secret: DesiredSecret?
        var seals: [SealNote] = []
        if case .secret(let spec) = manifest.spec {
            var value: DesiredValue?
            do {
                (value, seals) = try openValue(spec, id: manifest.key.secretID)
            } catch let failure as DiagnosticsFailure {
                diagnostics += failure.diagnostics
            }
            secret = DesiredSecret(
                value: value, permissions: interned.permissions(spec.permissions), keepPrevious: spec.keepPrevious,
                deletionProtection: spec.deletionProtection, driftPolicy: spec.driftPolicy,
                expiresAt: spec.expiresAt)
        } else {
            definitions.append(manifest)
        }
        let resource = DesiredResource(
            key: manifest.key,
            position: SourcePosition(
                commit: commit, path: manifest.span.file, line: manifest.span.line, column: manifest.span.column,
                blob: blob),
            spec: manifest.publicForm, specDigest: Digest256(hashing: manifest.publicForm),
            references: interned.references(manifest.references), secret: secret)
        converted.append(ConvertedManifest(resource: resource, seals: seals))
    }

    // MARK: Values

    private mutating func openValue(_ spec: SecretSpec, id: SecretID) throws -> (DesiredValue?, [SealNote]) {
        guard let value = spec.value else { return (nil, []) }
        var notes: [SealNote] = []
        var leaves: [UnopenedLeaf] = []
        switch value.source {
        case .inline(let items):
            for item in items {
                switch item.content {
                case .plain(let scalar):
                    leaves.append(
                        UnopenedLeaf(
                            path: item.field.segments, span: item.span, content: .plain(scalar), counter: 0,
                            givenAt: 0))
                case .sealed(let bytes):
                    let (leaf, note) = try read(bytes, of: id, path: item.field.segments, span: item.span)
                    leaves.append(leaf)
                    notes.append(note)
                }
            }
        case .file(let path, let span):
            let (leaf, note) = try read(try valueFile(path, span: span), of: id, path: [], span: span)
            leaves.append(leaf)
            notes.append(note)
        case .sops(let reference): return try openSOPS(reference, of: id)
        }
        let opened = try opener.open(leaves, of: id)
        let unbound = Set(notes.filter { $0.repository == nil }.map(\.field))
        let unboundFields = opened.fields.indices.filter { unbound.contains(opened.fields[$0].field) }.map { Int32($0) }
        return (
            DesiredValue(
                fingerprint: opened.fingerprint, fields: opened.fields, unboundFields: unboundFields,
                candidate: opened.candidate, resealedFields: opened.resealed), notes
        )
    }

    private func valueFile(_ path: String, span: SourceSpan) throws -> [UInt8] {
        guard let file = try snapshot.file(at: path), file.kind == .regular || file.kind == .executable else {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: "value.file-missing", "there is no file of this name",
                    hint: "`fromFile` names one relative to the manifest; a value itself is sealed into `value`",
                    at: span)
            ])
        }
        do {
            // Armor adds a third, the header some hundred bytes for each recipient.
            return try snapshot.read(file, limitBytes: valueBytes * 3 / 2 + 65_536)
        } catch let failure as GitFailure where failure.kind == .tooLarge {
            throw Self.tooLarge(valueBytes, span)
        }
    }

    private mutating func read(
        _ bytes: [UInt8], of id: SecretID, path: [String], span: SourceSpan
    ) throws -> (UnopenedLeaf, SealNote) {
        let field = SecretValue.text(of: path)
        do {
            let file = try SealedFile(parsing: bytes)
            guard file.plaintextCount <= valueBytes else { throw Self.tooLarge(valueBytes, span) }
            let binding = try Binding.find(in: file.header.stanzas)
            if let binding { try checkPlace(binding, id: id, field: FieldPath(path), span: span) }
            let note = SealNote(
                field: field, line: Int32(clamping: span.line), column: Int32(clamping: span.column),
                repository: binding.map { interned.text($0.repository) },
                recipients: interned.texts(binding?.recipients ?? []),
                plaintextBytes: Int32(clamping: file.plaintextCount),
                stanzaTypes: interned.texts(file.header.stanzas.map(\.type).filter { $0 != Binding.stanzaType }))
            let leaf = UnopenedLeaf(
                path: path, span: span, content: .sealed(file), counter: binding?.counter ?? 0,
                givenAt: binding?.valueCounter ?? 0)
            return (leaf, note)
        } catch let failure as any UserFacingFailure {
            if let failure = failure as? DiagnosticsFailure { throw failure }
            throw DiagnosticsFailure([
                Diagnostic(
                    code: failure.code, "this is no valid age file: \(failure.message)",
                    hint: failure.hint ?? "seal the value once more", at: span)
            ])
        }
    }

    private func checkPlace(_ binding: Binding, id: SecretID, field: FieldPath, span: SourceSpan) throws {
        // The repository is judged with the whole set: its manifest may be in a file that is not read yet.
        let problem = binding.mismatch(
            repository: binding.repository, organization: id.organization, secret: id.name, field: field)
        guard let problem else { return }
        throw DiagnosticsFailure([
            Diagnostic(
                code: "value.misplaced", "the value \(problem)",
                hint: "a sealed value cannot be moved or copied; seal it anew with `reseal seal \(id.name)`", at: span)
        ])
    }

    private static func tooLarge(_ limit: Int, _ span: SourceSpan) -> DiagnosticsFailure {
        DiagnosticsFailure([
            Diagnostic(
                code: "value.too-large", "the value is larger than \(limit) bytes",
                hint: "raise `limits.valueBytes` in the Repository manifest", at: span)
        ])
    }
}

/// Gives equal lists one storage: thousands of secrets share a few sets of permissions, references and recipients.
struct Interner {
    private var permissionSets: [Permissions: Permissions] = [:]
    private var referenceLists: [[ReferenceTarget]: [ReferenceTarget]] = [:]
    private var textLists: [[String]: [String]] = [:]
    private var strings: [String: String] = [:]

    mutating func permissions(_ value: Permissions) -> Permissions { Self.canonical(value, in: &permissionSets) }
    mutating func texts(_ value: [String]) -> [String] { Self.canonical(value, in: &textLists) }

    mutating func references(_ references: [ManifestReference]) -> [ReferenceTarget] {
        Self.canonical(Set(references.map(\.target.stored)).sorted(), in: &referenceLists)
    }

    mutating func text(_ value: String) -> String { Self.canonical(value, in: &strings) }

    private static func canonical<T: Hashable>(_ value: T, in known: inout [T: T]) -> T {
        if let same = known[value] { return same }
        known[value] = value
        return value
    }
}

extension ManifestReference.Target {
    var stored: ReferenceTarget {
        switch self {
        case .resource(let key): .resource(key)
        case .file(let path): .file(path)
        }
    }
}
