internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealVault

extension ManifestConverter {
    /// Keys of a value, in bytes and in number.
    private static let keyBytes = 1024
    private static let keyDepth = 64

    /// A value in a file of SOPS. It is unbound: SOPS knows neither repositories nor secrets.
    mutating func openSOPS(_ reference: SOPSReference, of id: SecretID) throws -> (DesiredValue?, [SealNote]) {
        let value = UnopenedSOPS(contents: try contents(of: reference, for: id), reference: reference)
        let largest = try checkLeaves(value, of: id)
        let opened = try opener.open(value, of: id)
        let note = SealNote(
            field: "", line: Int32(clamping: reference.span.line), column: Int32(clamping: reference.span.column),
            repository: nil, recipients: interned.texts(value.file.metadata.ageKeys.map(\.fingerprint)),
            plaintextBytes: Int32(clamping: largest), stanzaTypes: interned.texts(try stanzaTypes(value, of: id)),
            sopsFile: interned.text(reference.path))
        return (
            DesiredValue(
                fingerprint: opened.fingerprint, fields: opened.fields,
                unboundFields: opened.fields.indices.map { Int32($0) }, candidate: opened.candidate), [note]
        )
    }

    private mutating func contents(of reference: SOPSReference, for id: SecretID) throws -> SOPSContents {
        if let lastSOPS, lastSOPS.path == reference.path { return lastSOPS }
        guard let entry = try snapshot.file(at: reference.path), entry.kind == .regular || entry.kind == .executable
        else {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: "value.file-missing", "there is no file of this name",
                    hint: "`fromSOPS` names one relative to the manifest", at: reference.span)
            ])
        }
        do {
            let bytes = try snapshot.read(entry, limitBytes: SOPSFile.maximumBytes)
            let file = try SOPSFile(ManifestFile(path: entry.path, bytes: bytes, commit: commit))
            let contents = SOPSContents(file, path: reference.path)
            lastSOPS = contents
            return contents
        } catch let failure as ManifestFailure {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: failure.code, "cannot read the value of \(id): \(failure.message)", hint: failure.hint,
                    at: failure.span ?? reference.span)
            ])
        } catch let failure as GitFailure where failure.kind == .tooLarge {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: "value.too-large", "\(reference.path) is larger than \(SOPSFile.maximumBytes) bytes",
                    hint: "split it", at: reference.span)
            ])
        }
    }

    /// Refuses what no value can hold. Returns the size of the largest leaf in bytes.
    private func checkLeaves(_ value: UnopenedSOPS, of id: SecretID) throws -> Int {
        func refusal(_ problem: String, _ hint: String) -> DiagnosticsFailure {
            DiagnosticsFailure([
                Diagnostic(
                    code: "value.sops-part", "\(id) cannot take its value from \(value.reference.path): \(problem)",
                    hint: hint, at: value.reference.partSpan ?? value.reference.span)
            ])
        }
        let part: SOPSNode<SOPSScalar>
        do throws(ManifestFailure) {
            part = try value.reference.part.find(in: value.file.documents, value.file.format)
        } catch {
            throw DiagnosticsFailure([value.finding(error, of: id)])
        }
        let leaves = part.leaves()
        guard !leaves.isEmpty else { throw refusal("there is nothing in it", "name another `key`") }
        guard leaves.count <= limits.fields else {
            throw refusal("it has more than \(limits.fields) fields", "name a part of it with `key`")
        }
        let isNamed = leaves.allSatisfy { leaf in
            leaf.path.count <= Self.keyDepth && leaf.path.allSatisfy { (1...Self.keyBytes).contains($0.utf8.count) }
        }
        guard isNamed else { throw refusal("a key is empty or too long", "name a part of it with `key`") }
        return leaves.map(\.leaf.plaintextBytes).max() ?? 0
    }

    private func stanzaTypes(_ value: UnopenedSOPS, of id: SecretID) throws -> [String] {
        try value.file.metadata.ageKeys.flatMap { key in
            do throws(AgeFailure) {
                return try SealedFile(parsing: key.sealedKey).header.stanzas.map(\.type)
            } catch {
                throw DiagnosticsFailure([
                    Diagnostic(
                        code: "sops.format",
                        "cannot read the value of \(id): the data key for `\(key.recipient.prefix(80))` is no valid age "
                            + "file: \(error.message)",
                        hint: "run `sops updatekeys \(value.reference.path)`", at: value.file.metadataSpan)
                ])
            }
        }
    }
}
