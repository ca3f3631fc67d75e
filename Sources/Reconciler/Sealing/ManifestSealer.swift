package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests
package import ResealSealing

/// Seals values into the manifests of a work tree. Takes public keys only: whoever may edit a manifest may set its
/// value, without being able to read any.
package struct ManifestSealer: Sendable {
    /// Twice what any repository allows for a value, armor and header included.
    static let maximumValueFileBytes = 32 << 20
    let tree: WorkTree
    let folder: String
    let access: KeyAccess

    /// - Parameter access: what sealing to the recipients of the manifests may do.
    package init(root: String, folder: String, access: KeyAccess = .unattended) {
        tree = WorkTree(root: root)
        self.folder = folder
        self.access = access
    }

    /// What goes into one secret at a time.
    package struct Values: Sendable {
        package var sealed: [(field: FieldPath, value: SecretBytes)]
        /// What may stand in Git as it is, such as a public key.
        package var plain: [(field: FieldPath, text: String)]
        /// Numbers and other words that are no text, where Git has them in plain text.
        package var words: [(field: FieldPath, text: [UInt8])] = []

        package init(sealed: [(field: FieldPath, value: SecretBytes)], plain: [(field: FieldPath, text: String)] = []) {
            self.sealed = sealed
            self.plain = plain
        }
    }

    /// Seals values of one secret and writes them in place, together; every other byte of the file stays.
    ///
    /// - Parameter isWritten: false gives the sealed values back without touching the file.
    /// - Throws: ``DiagnosticsFailure`` or a failure with a place, when the manifest or the rules cannot be read.
    package func seal(
        _ values: Values, into id: SecretID, at now: Timestamp, isWritten: Bool = true
    ) throws -> [SealedLeaf] {
        let ground = try SealingGround(tree, folder: folder, access: access, mentioning: id)
        return try seal(values, into: try ground.secret(id), ground.rules(), at: now, isWritten: isWritten)
    }

    func seal(
        _ values: Values, into found: FoundSecret, _ rules: SealingRules, at now: Timestamp, isWritten: Bool = true
    ) throws -> [SealedLeaf] {
        if case .file(let path, let span)? = found.spec.value?.source {
            return [try seal(values, into: found, file: path, span, rules, at: now, isWritten: isWritten)]
        }
        let sealed = try rules.seal(values, into: found, at: now)
        guard isWritten else { return sealed }
        let edited = try values.edited(found, sealed: sealed)
        try tree.replaceAll([FileReplacement(path: found.file.path, before: found.file.bytes, after: edited)])
        return sealed
    }

    /// A value that is a file of its own.
    private func seal(
        _ values: Values, into found: FoundSecret, file path: String, _ span: SourceSpan, _ rules: SealingRules,
        at now: Timestamp, isWritten: Bool
    ) throws -> SealedLeaf {
        guard values.sealed.count == 1, values.plain.isEmpty, let value = values.sealed.first, value.field == .whole
        else {
            throw ReconcileFailure(
                .noManifest, "the value of \(found.id) is the file named at \(span), which has no fields",
                hint: "seal without --field")
        }
        let before = try? tree.read(path, limitBytes: Self.maximumValueFileBytes)
        let sealed = try rules.seal(
            value.value, as: LeafName(found.id, .whole), in: found.file.path, after: before, valueFile: path, at: now)
        guard isWritten else { return sealed }
        if let before {
            try tree.replaceAll([FileReplacement(path: path, before: before, after: sealed.bytes)])
        } else {
            try tree.create(path, holding: sealed.bytes)
        }
        return sealed
    }
}

extension SealingRules {
    /// The sealed values, each with the counter that follows on what stands in its place.
    func seal(_ values: ManifestSealer.Values, into found: FoundSecret, at now: Timestamp) throws -> [SealedLeaf] {
        try values.sealed.map { field, value in
            var previous: [UInt8]?
            if case .sealed(let armor)? = found.spec.value?.leaf(field)?.content { previous = armor }
            return try seal(value, as: LeafName(found.id, field), in: found.file.path, after: previous, at: now)
        }
    }
}

extension ManifestSealer.Values {
    /// The secret's file with these values in it.
    func edited(_ found: FoundSecret, sealed: [SealedLeaf]) throws -> [UInt8] {
        let edits =
            sealed.map { ManifestEdit(found.id, $0.leaf.field, .sealed($0.bytes)) }
            + plain.map { ManifestEdit(found.id, $0.field, .plain($0.text)) }
            + words.map { ManifestEdit(found.id, $0.field, .original(ScalarSource(word: $0.text))) }
        return try ManifestEditor.apply(edits, to: found.file)
    }
}

/// A secret in its file.
struct FoundSecret {
    let id: SecretID
    let file: ManifestFile
    let spec: SecretSpec
}

extension FoundSecret {
    /// The secret, if the file declares it. A leaf that is marked to be sealed does not hinder sealing another.
    static func find(_ id: SecretID, in file: ManifestFile) throws -> FoundSecret? {
        let reading = ManifestReader.read(file, marks: .accepted)
        if reading.rejected.contains(ResourceKey(id)) { throw DiagnosticsFailure(reading.diagnostics) }
        for manifest in reading.manifests where manifest.key == ResourceKey(id) {
            if case .secret(let spec) = manifest.spec { return FoundSecret(id: id, file: file, spec: spec) }
        }
        return nil
    }
}

extension SealingGround {
    /// The secret, among the files that were kept.
    func secret(_ id: SecretID) throws -> FoundSecret {
        for file in files { if let found = try FoundSecret.find(id, in: file) { return found } }
        throw try missing(id)
    }

    /// Reads every manifest for the nearest name.
    private func missing(_ id: SecretID) throws -> ReconcileFailure {
        var names: [String] = []
        for entry in try tree.files(under: folder) where entry.isManifest {
            let bytes = try tree.read(entry.path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            let keys = ManifestReader.read(ManifestFile(path: entry.path, bytes: bytes)).manifests.map(\.key)
            names += keys.filter { $0.kind == .secret && $0.organization == id.organization }.map(\.name)
        }
        let nearest = NearestName.suggestion(for: id.name, in: names)
        return ReconcileFailure(
            .noManifest, "no manifest below \(folder) declares the secret \(id)",
            hint: nearest.map { "did you mean `\($0)`?" }
                ?? "`reseal new` makes a manifest of kind Secret with this name")
    }
}

extension WorkTree {
    /// Throws when one of the files was left as it is.
    func replaceAll(_ files: [FileReplacement]) throws {
        let refused = replace(files)
        guard let first = refused.first else { return }
        guard refused.count > 1 else { throw first.failure }
        throw DiagnosticsFailure(
            refused.map {
                Diagnostic(
                    code: $0.failure.code, $0.failure.message, hint: $0.failure.hint, at: SourceSpan(file: $0.path))
            })
    }
}
