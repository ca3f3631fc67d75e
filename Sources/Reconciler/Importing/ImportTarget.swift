internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests

/// What the manifests of a work tree say, as far as new ones have to fit in.
struct ImportTarget {
    let root: String
    let folder: String
    private let access: KeyAccess
    private(set) var repositoryID: String?
    private(set) var requiresBinding = false
    /// The size of one value that a plan accepts.
    private(set) var valueBytes = RepositorySpec.Limits().valueBytes
    private(set) var rules: RecipientRules?
    /// Files of the secrets that are declared.
    private(set) var secrets: [SecretID: String] = [:]

    /// Throws ``DiagnosticsFailure`` for manifests with errors: what they declare is not known.
    init(root: String, folder: String, access: KeyAccess) throws {
        self.root = root
        self.access = access
        self.folder = folder
        let tree = WorkTree(root: root)
        var problems: [Diagnostic] = []
        for entry in try tree.files(under: folder) where entry.isManifest {
            let bytes = try tree.read(entry.path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            let reading = ManifestReader.read(ManifestFile(path: entry.path, bytes: bytes))
            problems += reading.diagnostics.filter { $0.severity == .error }
            for manifest in reading.manifests { try note(manifest, in: tree) }
        }
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
    }

    private mutating func note(_ manifest: Manifest, in tree: WorkTree) throws {
        switch manifest.spec {
        case .secret: secrets[manifest.key.secretID] = manifest.span.file
        case .repository(let spec):
            repositoryID = spec.id
            requiresBinding = spec.requireBinding
            valueBytes = spec.limits.valueBytes
        case .recipients:
            rules = try SOPSConfigFiles.recipients(manifest, in: tree).map { spec in
                try RecipientRules(spec, access: access)
            }
        default: break
        }
    }

    /// What sealing needs. Throws ``ReconcileFailure/Kind/noRules``.
    func sealingRules() throws -> (repository: String, rules: RecipientRules) {
        guard let repositoryID, let rules else {
            throw ReconcileFailure(
                .noRules,
                "the manifests below \(folder) have no \(repositoryID == nil ? "Repository" : "Recipients") manifest",
                hint: "`reseal init --manifests \(folder) --recipient age1…` writes both")
        }
        return (repositoryID, rules)
    }
}
