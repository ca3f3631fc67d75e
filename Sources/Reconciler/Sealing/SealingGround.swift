internal import ResealAge
internal import ResealCore
internal import ResealGit
package import ResealManifests
internal import ResealSealing

/// What sealing has to know of the manifests in a work tree: who may open what, and the files with the secrets.
struct SealingGround {
    let tree: WorkTree
    let folder: String
    /// What sealing to the recipients of the manifests may do.
    let access: KeyAccess
    /// The manifests that were asked for.
    private(set) var files: [ManifestFile] = []
    private var found = FoundRules()

    /// Reads only files that can hold what is asked for or the rules: those in which the words stand.
    ///
    /// - Parameters:
    ///   - replaced: content that is not in the work tree yet, by path.
    ///   - isWanted: tells by path and content which manifests to keep.
    init(
        _ tree: WorkTree, folder: String, access: KeyAccess, replacing replaced: [String: [UInt8]] = [:],
        keeping isWanted: (String, [UInt8]) -> Bool = { _, _ in false }
    ) throws {
        self.tree = tree
        self.folder = folder
        self.access = access
        let present = try tree.files(under: folder).filter(\.isManifest).map(\.path)
        for path in present + replaced.keys.filter({ !present.contains($0) }).sorted() {
            let bytes = try replaced[path] ?? tree.read(path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            let file = ManifestFile(path: path, bytes: bytes)
            try found.take(file) { try SOPSConfigFiles.recipients($0, in: tree) }
            if isWanted(path, bytes) { files.append(file) }
        }
    }

    /// Keeps the manifests that can declare a secret.
    init(_ tree: WorkTree, folder: String, access: KeyAccess, mentioning id: SecretID) throws {
        let name = Array(id.name.utf8)
        try self.init(tree, folder: folder, access: access) { _, bytes in bytes.holds(name) }
    }

    /// Throws ``ReconcileFailure/Kind/noRules`` where there are none, and ``DiagnosticsFailure`` where they have errors.
    func rules() throws -> SealingRules {
        try found.rules(committed: CommittedSeals(root: tree.root), access: access)
    }
}

/// The manifests that say by which rules values are sealed.
struct FoundRules {
    private var repositoryID: String?
    private(set) var recipients: (spec: RecipientsSpec, file: ManifestFile)?
    private var faulty: [Diagnostic] = []

    private static let needles = [ResourceKind.repository, .recipients].map { Array($0.rawValue.utf8) }

    /// - Parameter recipientsSpec: the rules of a Recipients manifest, those of its `.sops.yaml` included.
    mutating func take(_ file: ManifestFile, recipientsSpec: (Manifest) throws -> RecipientsSpec?) throws {
        // Most files cannot hold rules, so they are not read.
        guard Self.needles.contains(where: { file.bytes.holds($0) }) else { return }
        let reading = ManifestReader.read(file, marks: .accepted)
        if reading.rejected.contains(where: { $0.kind == .repository || $0.kind == .recipients }) {
            faulty += reading.diagnostics
        }
        for manifest in reading.manifests {
            switch manifest.spec {
            case .repository(let spec): repositoryID = spec.id
            case .recipients: recipients = try recipientsSpec(manifest).map { ($0, file) }
            default: break
            }
        }
    }

    /// Throws ``ReconcileFailure/Kind/noRules`` where there are none, and ``DiagnosticsFailure`` where they have errors.
    ///
    /// - Parameters:
    ///   - committed: counters that may have been taken out of the files; `nil` for files of a commit.
    ///   - access: what sealing to the recipients may do.
    func rules(committed: CommittedSeals?, access: KeyAccess) throws -> SealingRules {
        guard faulty.isEmpty else { throw DiagnosticsFailure(faulty) }
        guard let recipients, let repositoryID else {
            throw ReconcileFailure(
                .noRules, "the manifests have no \(repositoryID == nil ? "Repository" : "Recipients") manifest",
                hint: "`reseal init --manifests DIR --recipient age1…` writes both")
        }
        return SealingRules(
            repositoryID: repositoryID, recipients: try RecipientRules(recipients.spec, access: access),
            committed: committed)
    }
}

extension SealingGround {
    /// Who can open a sealed value, by the names that the rules have for them; `nil` if nothing says so.
    func readers(of sealed: [UInt8]) -> String? {
        guard let recipients = found.recipients, let rules = try? RecipientRules(recipients.spec),
            let file = try? SealedFile(parsing: sealed), let binding = try? Binding.find(in: file.header.stanzas)
        else { return nil }
        let names = RecipientNames(rules, file: recipients.file)
        return binding.recipients.map(names.label).joined(separator: ", ")
    }
}

/// By what values are sealed: the id they are bound to, those who may open them, and what was sealed before.
struct SealingRules {
    let repositoryID: String
    let recipients: RecipientRules
    let committed: CommittedSeals?

    /// Seals a value for its place in the manifest at `path`, with the next counter.
    ///
    /// - Parameters:
    ///   - previous: what stands in that place now.
    ///   - valueFile: the file that holds the value, unless it stands in the manifest.
    func seal(
        _ value: SecretBytes, as leaf: LeafName, in path: String, after previous: [UInt8]?, valueFile: String? = nil,
        isArmored: Bool = true, at now: Timestamp
    ) throws -> SealedLeaf {
        let audience = recipients.recipients(path: path, name: leaf.secret.name)
        let counter = max(
            Self.counter(of: previous), committed?.counter(of: leaf, in: path, valueFile: valueFile) ?? 0)
        let binding = Binding(
            repository: repositoryID, organization: leaf.secret.organization, secret: leaf.secret.name,
            field: leaf.field, counter: counter + 1, sealedAt: now, recipients: audience)
        return SealedLeaf(
            leaf: leaf, path: valueFile ?? path, counter: counter + 1, recipients: audience.map(\.description),
            bytes: try FieldSealer.seal(value, binding: binding, to: audience, isArmored: isArmored))
    }

    /// 0 for nothing, a plain or an unbound value.
    static func counter(of sealed: [UInt8]?) -> Int64 {
        // What cannot be read is being replaced; the planner compares counters with the vault's anyway.
        guard let sealed, let file = try? SealedFile(parsing: sealed) else { return 0 }
        return (try? Binding.find(in: file.header.stanzas))?.counter ?? 0
    }
}

/// A value that was sealed for its place.
package struct SealedLeaf: Sendable {
    package let leaf: LeafName
    /// The file that holds it, from the root of the work tree.
    package let path: String
    package let counter: Int64
    package let recipients: [String]
    package let bytes: [UInt8]
}
