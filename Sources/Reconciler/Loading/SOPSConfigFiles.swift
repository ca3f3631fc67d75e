internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealVault

/// The `.sops.yaml` that a Recipients manifest takes rules from. It lies where SOPS looks for it, mostly at the root of
/// the repository, so outside of the manifests' folder, where everything else is.
enum SOPSConfigFiles {
    static let maximumBytes = 1 << 20

    /// The rules of a Recipients manifest in a work tree, those of its `.sops.yaml` included.
    ///
    /// Throws ``DiagnosticsFailure`` for a file that is missing or has errors.
    static func recipients(_ manifest: Manifest, in tree: WorkTree) throws -> RecipientsSpec? {
        try recipients(manifest) { try tree.read($0, limitBytes: maximumBytes) }
    }

    /// As ``recipients(_:in:)``, of files that `read` finds by their paths from the root of the repository.
    static func recipients(_ manifest: Manifest, read: (String) throws -> [UInt8]?) throws -> RecipientsSpec? {
        var manifest = manifest
        if case .recipients(let spec) = manifest.spec, let mention = spec.sopsConfig {
            guard let bytes = try? read(mention.path) else { throw DiagnosticsFailure([missing(mention)]) }
            let config = SOPSConfig(
                ManifestFile(path: mention.path, bytes: bytes, commit: manifest.span.commit))
            if config.diagnostics.contains(where: { $0.severity == .error }) {
                throw DiagnosticsFailure(config.diagnostics)
            }
            manifest = manifest.taking(config)
        }
        guard case .recipients(let spec) = manifest.spec else { return nil }
        return spec
    }

    /// Who may open what by a Recipients manifest and the `.sops.yaml` that it names.
    ///
    /// Throws as ``recipients(_:in:)`` does, and ``AgeFailure`` with the manifest's place for a recipient that cannot be
    /// used.
    static func rules(
        _ manifest: Manifest, access: KeyAccess = .unattended, read: (String) throws -> [UInt8]?
    ) throws -> RecipientRules {
        guard let spec = try recipients(manifest, read: read) else {
            preconditionFailure("rules are read of a Recipients manifest")
        }
        do throws(AgeFailure) { return try RecipientRules(spec, access: access) } catch {
            throw error.at(manifest.span)
        }
    }

    static func missing(_ mention: SOPSConfigReference) -> Diagnostic {
        Diagnostic(
            code: "sops.config", "there is no readable file of this name",
            hint: "`fromSOPSConfig` is a path from the root of the repository", at: mention.span)
    }

    // MARK: Changes

    /// Paths that the Recipients manifests of the last apply name.
    static func named(in store: any Store, _ source: SourceRecord) throws -> Set<String> {
        try store.read { store in
            let targets = try store.applied(kind: .recipients, source: source.id).flatMap {
                try store.referenceSet($0.referenceSet)
            }
            return paths(targets)
        }
    }

    /// Paths that Recipients manifests among `resources` name.
    static func named(by resources: [DesiredResource]) -> Set<String> {
        paths(resources.filter { $0.key.kind == .recipients }.flatMap(\.references))
    }

    /// Those of `paths` that differ.
    static func changed(
        _ paths: Set<String>, between old: any Snapshot, and new: any Snapshot
    ) throws -> [String] {
        try paths.sorted().filter { try old.fileOutside(at: $0)?.blob != new.fileOutside(at: $0)?.blob }
    }

    private static func paths(_ targets: [ReferenceTarget]) -> Set<String> {
        Set(targets.compactMap { if case .file(let path) = $0 { path } else { nil } })
    }
}

extension ManifestConverter {
    /// The manifest with the rules of its `.sops.yaml`; any other manifest as it is.
    mutating func takingSOPSConfig(_ manifest: Manifest) throws -> Manifest {
        guard case .recipients(let spec) = manifest.spec, let mention = spec.sopsConfig else { return manifest }
        guard let entry = try snapshot.fileOutside(at: mention.path),
            entry.kind == .regular || entry.kind == .executable,
            let bytes = try? snapshot.read(entry, limitBytes: SOPSConfigFiles.maximumBytes)
        else {
            diagnostics.append(SOPSConfigFiles.missing(mention))
            return manifest
        }
        let config = SOPSConfig(ManifestFile(path: mention.path, bytes: bytes, commit: commit))
        diagnostics += config.diagnostics
        return manifest.taking(config)
    }
}
