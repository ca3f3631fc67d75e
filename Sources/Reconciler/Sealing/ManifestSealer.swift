internal import Glibc
internal import ResealAge
package import ResealCore
internal import ResealGit
package import ResealManifests
package import ResealSealing

/// Seals values into the manifests of a work tree. Takes public keys only: whoever may edit a manifest may set its
/// value, without being able to read any.
package struct ManifestSealer: Sendable {
    /// Where a value went.
    package struct Outcome: Sendable {
        /// From the root of the work tree.
        package let path: String
        package let counter: Int64
        package let recipients: [String]
        package let armored: [UInt8]
    }

    private let root: String
    private let folder: String

    package init(root: String, folder: String) {
        self.root = root
        self.folder = folder
    }

    /// Seals `value` for one field and writes it in place; every other byte of the file stays.
    ///
    /// - Parameter isWritten: false gives the sealed value back without touching the file.
    /// - Throws: ``DiagnosticsFailure`` or a failure with a place, when the manifest or the rules cannot be read.
    package func seal(
        _ value: SecretBytes, into id: SecretID, field: FieldPath, at now: Timestamp, isWritten: Bool = true
    ) throws -> Outcome {
        let tree = WorkTree(root: root)
        let found = try locate(id, in: tree)
        guard let rules = found.rules, let repository = found.repositoryID else {
            throw ReconcileFailure(
                .noRules, "the manifests have no \(found.repositoryID == nil ? "Repository" : "Recipients") manifest",
                hint: "`reseal init --manifests DIR --recipient age1…` writes both")
        }
        let recipients = try RecipientRules(rules).recipients(path: found.file.path, name: id.name)
        let previous = PreviousCounter(id: id, field: field, root: root, path: found.file.path)
        let counter = previous.find(in: found.spec) + 1
        let binding = Binding(
            repository: repository, organization: id.organization, secret: id.name, field: field, counter: counter,
            sealedAt: now, recipients: recipients)
        let armored = try FieldSealer.seal(value, binding: binding, to: recipients)
        let path = try isWritten ? write(armored, found, id: id, field: field) : found.file.path
        return Outcome(path: path, counter: counter, recipients: recipients.map(\.description), armored: armored)
    }

    // MARK: Finding

    private struct Found {
        let file: ManifestFile
        let spec: SecretSpec
        let repositoryID: String?
        let rules: RecipientsSpec?
    }

    /// Reads only files that can hold the secret or the rules: those in which the words stand.
    private func locate(_ id: SecretID, in tree: WorkTree) throws -> Found {
        let needles = [id.name, ResourceKind.repository.rawValue, ResourceKind.recipients.rawValue].map { Array($0.utf8) }
        var secret: (ManifestFile, SecretSpec)?
        var repositoryID: String?
        var rules: RecipientsSpec?
        for entry in try tree.files(under: folder) where entry.isManifest {
            let bytes = try tree.read(entry.path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            guard needles.contains(where: { bytes.firstRange(of: $0) != nil }) else { continue }
            let file = ManifestFile(path: entry.path, bytes: bytes)
            let reading = ManifestReader.read(file)
            if reading.rejected.contains(ResourceKey(id)) { throw DiagnosticsFailure(reading.diagnostics) }
            for manifest in reading.manifests {
                switch manifest.spec {
                case .secret(let spec) where manifest.key.secretID == id: secret = (file, spec)
                case .repository(let spec): repositoryID = spec.id
                case .recipients: rules = try SOPSConfigFiles.recipients(manifest, in: tree)
                default: break
                }
            }
        }
        guard let secret else { throw try missing(id, in: tree) }
        return Found(file: secret.0, spec: secret.1, repositoryID: repositoryID, rules: rules)
    }

    /// Reads every manifest for the nearest name.
    private func missing(_ id: SecretID, in tree: WorkTree) throws -> ReconcileFailure {
        var names: [String] = []
        for entry in try tree.files(under: folder) where entry.isManifest {
            let bytes = try tree.read(entry.path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            let keys = ManifestReader.read(ManifestFile(path: entry.path, bytes: bytes)).manifests.map(\.key)
            names += keys.filter { $0.kind == .secret && $0.organization == id.organization }.map(\.name)
        }
        let nearest = NearestName.suggestion(for: id.name, in: names)
        return ReconcileFailure(
            .noManifest, "no manifest below \(folder) declares the secret \(id)",
            hint: nearest.map { "did you mean `\($0)`?" } ?? "add a manifest of kind Secret with this name")
    }

    // MARK: Writing

    private func write(_ armored: [UInt8], _ found: Found, id: SecretID, field: FieldPath) throws -> String {
        if case .file(let path, let span)? = found.spec.value?.source {
            guard field == .whole else {
                throw ReconcileFailure(
                    .noManifest, "the value of \(id) is the file named at \(span), which has no fields",
                    hint: "seal without --field")
            }
            try AtomicFile.write(armored, to: "\(root)/\(path)", mode: 0o644)
            return path
        }
        let edited = try ManifestEditor.apply([ManifestEdit(id, field, .sealed(armored))], to: found.file)
        let path = "\(root)/\(found.file.path)"
        var info = stat()
        let mode = stat(path, &info) == 0 ? info.st_mode & 0o777 : 0o644
        try AtomicFile.write(edited, to: path, mode: mode)
        return found.file.path
    }
}
