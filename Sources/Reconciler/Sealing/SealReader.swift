internal import ResealAge
package import ResealCore
internal import ResealGit
package import ResealManifests

/// One sealed value of a repository, as anyone can see it without a key.
package struct SealEntry: Sendable {
    package let id: SecretID
    package let field: FieldPath
    /// The manifest, by whose path the rules judge; from the root of the repository.
    package let manifest: String
    /// Where the value stands, or where the file with the value is named.
    package let span: SourceSpan
    /// The file with the value, unless it stands in the manifest.
    package let valueFile: String?
    /// `nil` for a value that was made by plain age.
    package let binding: Binding?
    /// Of all stanzas but the binding.
    package let stanzaTypes: [String]

    /// For messages: the field and the secret.
    package var label: String { "\(field == .whole ? "the value" : "`\(field)`") of \(id)" }
}

/// What the manifests of one file say of sealed values.
struct FileSeals {
    /// A sealed value that can be opened.
    struct Seal {
        let entry: SealEntry
        let file: SealedFile
        /// The content of the file with the value.
        let valueFileBytes: [UInt8]?
    }
    var seals: [Seal] = []
    /// The manifests that are not secrets.
    var definitions: [Manifest] = []
    var problems: [Diagnostic] = []
}

/// Reads the sealed values of one manifest file after the other.
struct SealReader {
    /// Twice what any repository allows for a value, armor and header included.
    static let maximumValueFileBytes = 32 << 20
    private static let limits = ManifestLimits.standard

    let snapshot: any Snapshot
    let commit: ObjectID?

    func read(_ file: TreeFile) throws -> FileSeals {
        guard file.kind == .regular || file.kind == .executable else {
            return refusal(
                "manifest.not-a-file", "a manifest has to be a regular file, not a \(file.kind.rawValue)", file.path)
        }
        do {
            return read(file.path, try snapshot.read(file, limitBytes: Self.limits.yaml.fileBytes))
        } catch let failure as GitFailure {
            return refusal(failure.code, failure.message, file.path)
        }
    }

    /// As ``read(_:)``, of content that is here already.
    func read(_ path: String, _ bytes: [UInt8]) -> FileSeals {
        let reading = ManifestReader.read(ManifestFile(path: path, bytes: bytes, commit: commit), limits: Self.limits)
        var found = FileSeals(problems: reading.diagnostics.filter { $0.severity == .error })
        for manifest in reading.manifests {
            if case .secret(let spec) = manifest.spec {
                if let value = spec.value { collect(value, manifest, path, &found) }
            } else {
                found.definitions.append(manifest)
            }
        }
        return found
    }

    private func collect(_ value: ValueSpec, _ manifest: Manifest, _ path: String, _ found: inout FileSeals) {
        switch value.source {
        case .inline(let leaves):
            for leaf in leaves {
                guard case .sealed(let bytes) = leaf.content else { continue }
                add(bytes, manifest, leaf.field, path, leaf.span, valueFile: nil, &found)
            }
        case .file(let file, let span):
            guard let bytes = valueFile(file) else {
                found.problems.append(
                    Diagnostic(
                        code: "value.file-missing", "there is no file of this name that can be read",
                        hint: "`fromFile` names a regular file, relative to the manifest", at: span))
                return
            }
            add(bytes, manifest, .whole, path, span, valueFile: file, &found)
        case .sops:
            // Its recipients are the business of sops.
            break
        }
    }

    private func valueFile(_ path: String) -> [UInt8]? {
        guard let file = try? snapshot.file(at: path), file.kind == .regular || file.kind == .executable else {
            return nil
        }
        return try? snapshot.read(file, limitBytes: Self.maximumValueFileBytes)
    }

    private func add(
        _ bytes: [UInt8], _ manifest: Manifest, _ field: FieldPath, _ path: String, _ span: SourceSpan,
        valueFile: String?, _ found: inout FileSeals
    ) {
        do {
            let file = try SealedFile(parsing: bytes)
            let entry = SealEntry(
                id: manifest.key.secretID, field: field, manifest: path, span: span, valueFile: valueFile,
                binding: try Binding.find(in: file.header.stanzas),
                stanzaTypes: file.header.stanzas.map(\.type).filter { $0 != Binding.stanzaType })
            found.seals.append(
                FileSeals.Seal(entry: entry, file: file, valueFileBytes: valueFile == nil ? nil : bytes))
        } catch let failure as any UserFacingFailure {
            found.problems.append(
                Diagnostic(
                    code: failure.code, "this is no valid age file: \(failure.message)",
                    hint: failure.hint ?? "seal the value once more", at: span))
        } catch {
            preconditionFailure("reading a sealed value throws for people only")
        }
    }

    private func refusal(_ code: String, _ message: String, _ path: String) -> FileSeals {
        FileSeals(problems: [Diagnostic(code: code, message, at: SourceSpan(file: path, commit: commit))])
    }
}
