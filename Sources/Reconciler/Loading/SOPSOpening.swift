internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// A file of SOPS that several secrets may take parts of. It is opened once for all of them, since the MAC is over the
/// whole. For one thread.
final class SOPSContents {
    let path: String
    let file: SOPSFile
    private var outcome: Result<[SOPSNode<SOPSValue>], ManifestFailure>?

    init(_ file: SOPSFile, path: String) {
        self.file = file
        self.path = path
    }

    func open(with identities: [any Identity]) throws(ManifestFailure) -> [SOPSNode<SOPSValue>] {
        let outcome = outcome ?? Result { () throws(ManifestFailure) in try file.open(with: identities) }
        self.outcome = outcome
        return try outcome.get()
    }
}

/// A value that stands in a file of SOPS, read but not opened.
struct UnopenedSOPS {
    let contents: SOPSContents
    let reference: SOPSReference

    var file: SOPSFile { contents.file }

    /// A finding about the file, or about the mention of it.
    func finding(_ failure: ManifestFailure, of id: SecretID) -> Diagnostic {
        // Who cannot be opened by anyone here gets the exit code of all such values.
        let code = failure.kind == .sopsNoMatch ? ReconcileFailure.Kind.undecryptable.rawValue : failure.code
        return Diagnostic(
            code: code, "cannot read the value of \(id): \(failure.message)", hint: failure.hint,
            at: failure.span ?? reference.partSpan ?? reference.span)
    }
}

extension KeyedOpener {
    func open(_ value: UnopenedSOPS, of id: SecretID) throws -> OpenedValue {
        let part: SOPSNode<SOPSValue>
        do throws(ManifestFailure) {
            part = try value.reference.part.find(in: try value.contents.open(with: identities), value.file.format)
        } catch {
            throw DiagnosticsFailure([value.finding(error, of: id)])
        }
        let leaves = part.leaves().map { SecretValue.Leaf(path: $0.path, opened: $0.leaf) }
        return try known(SecretValue(leaves: leaves), of: id, counters: [:])
    }
}

extension KeylessOpener {
    func open(_ value: UnopenedSOPS, of id: SecretID) throws -> OpenedValue {
        let part: SOPSNode<SOPSScalar>
        do throws(ManifestFailure) {
            part = try value.reference.part.find(in: value.file.documents, value.file.format)
        } catch {
            throw DiagnosticsFailure([value.finding(error, of: id)])
        }
        var whole: [UInt8] = []
        // SOPS leaves the ciphertext of a value alone that did not change.
        let fields = part.leaves().sorted { $0.path.lexicographicallyPrecedes($1.path) }.map { path, leaf in
            Self.look(of: leaf.look, name: SecretValue.text(of: path), counter: 0, whole: &whole)
        }
        return OpenedValue(fingerprint: Digest256(hashing: whole), fields: fields, candidate: nil)
    }
}

extension SecretValue.Leaf {
    init(path: [String], opened value: SOPSValue) {
        let type: SecretValue.LeafType =
            switch value.kind {
            case .string, .comment: .string
            case .binary: .binary
            case .integer: .integer
            case .number: .number
            case .boolean: .boolean
            case .null: .null
            }
        self.init(path: path, type: type, bytes: type == .null ? SecretBytes(utf8: "null") : value.bytes)
    }
}
