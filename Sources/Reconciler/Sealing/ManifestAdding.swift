package import ResealCore
internal import ResealGit
internal import ResealManifests
package import ResealSealing

/// A document that is to be added to the manifests.
package struct NewManifest: Sendable {
    package let document: String
    /// The file, from the root of the work tree; there already or not.
    package let path: String
    /// What it declares, if that is a secret.
    package let secret: SecretID?
    package var values: [(field: FieldPath, value: SecretBytes)] = []
    package var generation: ManifestSealer.Generation?

    package init(_ document: String, path: String, secret: SecretID?) {
        self.document = document
        self.path = path
        self.secret = secret
    }
}

extension ManifestSealer {
    /// Names of the resources that the manifests declare, for questions about them.
    package func names(organization: String) throws -> [ResourceKind: [String]] {
        var names: [ResourceKind: [String]] = [:]
        for entry in try tree.files(under: folder) where entry.isManifest {
            let bytes = try tree.read(entry.path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            let reading = ManifestReader.read(ManifestFile(path: entry.path, bytes: bytes), marks: .accepted)
            for key in reading.manifests.map(\.key) + reading.rejected where key.organization == organization {
                names[key.kind, default: []].append(key.name)
            }
        }
        return names.mapValues { $0.sorted() }
    }

    /// True if a file of this path, from the root of the work tree, is there.
    package func isPresent(_ path: String) -> Bool {
        (try? tree.read(path, limitBytes: ManifestLimits.standard.yaml.fileBytes)) != nil
    }

    /// Adds a document to its file, or makes the file, with values sealed from the beginning. Nothing is written unless
    /// the result is valid, whatever else is wrong.
    ///
    /// - Throws: ``DiagnosticsFailure`` with what is wrong with the new document.
    package func add(_ new: NewManifest, at now: Timestamp) throws -> [SealedLeaf] {
        guard new.path.hasPrefix(folder.isEmpty ? "" : folder + "/"),
            new.path.hasSuffix(".yaml") || new.path.hasSuffix(".yml")
        else {
            throw ReconcileFailure(
                .noManifest, "\(new.path) is no place for a manifest",
                hint: "name a *.yaml file below \(folder.isEmpty ? "the repository's top" : folder)")
        }
        let before =
            isPresent(new.path) ? try tree.read(new.path, limitBytes: ManifestLimits.standard.yaml.fileBytes) : nil
        let appended = try before.map {
            try ManifestAppender.append(new.document, to: ManifestFile(path: new.path, bytes: $0))
        }
        let draft = try appended ?? Array((schemaHeader(for: new.path) + new.document).utf8)
        let (bytes, sealed) = try seal(new, in: ManifestFile(path: new.path, bytes: draft), at: now)
        let problems = try ChangeValidation(tree: tree, folder: folder).newErrors(replacing: [new.path: bytes])
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        if let before {
            try tree.replaceAll([FileReplacement(path: new.path, before: before, after: bytes)])
        } else {
            try tree.create(new.path, holding: bytes)
        }
        return sealed
    }

    private func seal(
        _ new: NewManifest, in file: ManifestFile, at now: Timestamp
    ) throws -> (bytes: [UInt8], sealed: [SealedLeaf]) {
        guard let id = new.secret, !new.values.isEmpty || new.generation != nil else { return (file.bytes, []) }
        let ground = try SealingGround(
            tree, folder: folder, access: access, replacing: [file.path: file.bytes]
        ) { path, _ in path == file.path }
        let found = try ground.secret(id)
        var values = Values(sealed: new.values)
        if let generation = new.generation {
            let fresh = try found.freshValues(generation, now: now)
            values.sealed += fresh.sealed
            values.plain += fresh.plain
        }
        let rules = try ground.rules()
        let sealed = try values.sealed.map { field, value in
            try rules.seal(value, as: LeafName(id, field), in: file.path, after: nil, at: now)
        }
        let edits =
            sealed.map { ManifestEdit(id, $0.leaf.field, .sealed($0.bytes)) }
            + values.plain.map { ManifestEdit(id, $0.field, .plain($0.text)) }
        return (try ManifestEditor.apply(edits, to: file), sealed)
    }

    /// The line by which editors find the schema, if it lies in the manifests' folder.
    private func schemaHeader(for path: String) throws -> String {
        let name = "reseal.schema.json"
        guard isPresent(folder.isEmpty ? name : "\(folder)/\(name)") else { return "" }
        let depth = path.split(separator: "/").count - folder.split(separator: "/").count - 1
        return "# yaml-language-server: $schema=\(String(repeating: "../", count: depth))\(name)\n"
    }
}
