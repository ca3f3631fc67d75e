package import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing

extension ManifestSealer {
    /// Seals every leaf that is marked with `!seal`, in the bytes of its file.
    ///
    /// Nothing is written unless all of them can be sealed. Then each file is replaced as a whole.
    ///
    /// - Parameter paths: the files, from the root of the work tree; `nil` for every manifest.
    /// - Throws: ``DiagnosticsFailure`` with all that is wrong in these files.
    package func sealMarked(in paths: Set<String>?, at now: Timestamp) throws -> [SealedLeaf] {
        let ground = try SealingGround(tree, folder: folder, access: access) { path, bytes in
            paths?.contains(path) ?? bytes.holds(Array("!seal".utf8))
        }
        if let missing = paths?.subtracting(ground.files.map(\.path)).sorted().first {
            throw ReconcileFailure(
                .noManifest, "\(missing) is no manifest below \(folder)",
                hint: "name a *.yaml or *.yml file of the manifests' folder")
        }
        var problems: [Diagnostic] = []
        var leaves: [(file: ManifestFile, leaves: [MarkedLeaf])] = []
        for file in ground.files {
            let reading = ManifestReader.read(file, marks: .accepted)
            let found = MarkedLeaf.all(in: reading)
            problems += reading.diagnostics.filter { $0.severity == .error } + found.compactMap(\.problem)
            leaves.append((file, found))
        }
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        guard leaves.contains(where: { !$0.leaves.isEmpty }) else { return [] }
        let rules = try ground.rules()
        var sealed: [SealedLeaf] = []
        var replacements: [FileReplacement] = []
        for (file, leaves) in leaves where !leaves.isEmpty {
            let done = try leaves.map { try rules.seal($0.value, as: $0.name, in: file.path, after: nil, at: now) }
            let edits = done.map { ManifestEdit($0.leaf.secret, $0.leaf.field, .sealed($0.bytes)) }
            replacements.append(
                FileReplacement(
                    path: file.path, before: file.bytes, after: try ManifestEditor.apply(edits, to: file)))
            sealed += done
        }
        try tree.replaceAll(replacements)
        return sealed
    }
}

/// A leaf with a tag that asks for sealing.
private struct MarkedLeaf {
    let name: LeafName
    let value: SecretBytes
    let problem: Diagnostic?

    static func all(in reading: ManifestReading) -> [MarkedLeaf] {
        reading.manifests.flatMap { manifest -> [MarkedLeaf] in
            guard case .secret(let spec) = manifest.spec else { return [] }
            return (spec.value?.leaves ?? []).compactMap { MarkedLeaf($0, of: manifest.key.secretID) }
        }
    }

    private init?(_ leaf: ValueLeaf, of id: SecretID) {
        guard let mark = leaf.mark, case .plain(let scalar) = leaf.content else { return nil }
        name = LeafName(id, leaf.field)
        value = SecretBytes(scalar.text)
        problem =
            mark == .unopened
            ? Diagnostic(
                code: "manifest.placeholder", "\(name) is the mark of a value that `reseal edit` could not open",
                hint: "restore the sealed value from Git", at: leaf.span) : nil
    }
}
