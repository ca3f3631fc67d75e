internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// One leaf of a value, read but not opened.
struct UnopenedLeaf {
    enum Content {
        case plain(PlainScalar)
        case sealed(SealedFile)
    }
    let path: [String]
    let span: SourceSpan
    let content: Content
    let counter: Int64
    /// The counter that the value was given at, as its binding says; lower where it was only resealed since.
    let givenAt: Int64
}

/// What planning has to know of a value.
struct OpenedValue {
    let fingerprint: Digest256
    let fields: [FieldState]
    let candidate: (number: Int64, sealed: SealedValue)?
    /// Fields whose bindings say that they were only resealed; known where their values are.
    var resealed: [ResealedField] = []
}

/// Turns leaves into fingerprints: with keys, of what they say; without, of how they look.
protocol ValueOpener: Sendable {
    /// Throws ``DiagnosticsFailure`` with one finding for each leaf that does not open.
    func open(_ leaves: [UnopenedLeaf], of id: SecretID) throws -> OpenedValue
    /// The same for a value in a file of SOPS.
    func open(_ value: UnopenedSOPS, of id: SecretID) throws -> OpenedValue
}

/// Decrypts with the controller's identities and encrypts for the vault in one go, so that no plaintext outlives the
/// call.
struct KeyedOpener: ValueOpener {
    let identities: [any Identity]
    let keyring: Keyring
    /// What the vault holds of a secret: the fingerprint of its current value and its newest version.
    let known: @Sendable (SecretID) throws -> (fingerprint: Digest256?, latestVersion: Int64)?
    /// False for a plan that is only shown.
    let makesCandidates: Bool

    func open(_ leaves: [UnopenedLeaf], of id: SecretID) throws -> OpenedValue {
        var opened: [SecretValue.Leaf] = []
        var findings: [Diagnostic] = []
        for leaf in leaves {
            switch leaf.content {
            case .plain(let scalar):
                opened.append(SecretValue.Leaf(path: leaf.path, scalar: scalar))
            case .sealed(let file):
                do {
                    opened.append(SecretValue.Leaf(path: leaf.path, opened: try file.open(with: identities)))
                } catch {
                    findings.append(Self.finding(leaf, id, error))
                }
            }
        }
        guard findings.isEmpty else { throw DiagnosticsFailure(findings) }
        // Most leaves are plain and have none.
        let counters = Dictionary(
            leaves.filter { $0.counter != 0 }.map { (SecretValue.text(of: $0.path), $0.counter) },
            uniquingKeysWith: { $1 })
        var value = try known(SecretValue(leaves: opened), of: id, counters: counters)
        value.resealed = Self.resealed(leaves, value.fields)
        return value
    }

    private static func resealed(_ leaves: [UnopenedLeaf], _ fields: [FieldState]) -> [ResealedField] {
        leaves.filter { $0.givenAt < $0.counter }.compactMap { leaf in
            fields.firstIndex { $0.field == SecretValue.text(of: leaf.path) }.map {
                ResealedField(index: Int32($0), givenAt: leaf.givenAt)
            }
        }
    }

    /// Fingerprints of an opened value, and the value under the vault's keys where that is wanted.
    func known(_ value: SecretValue, of id: SecretID, counters: [String: Int64]) throws -> OpenedValue {
        let encoded = value.encoded()
        let fingerprint = try keyring.fingerprint(encoded, of: id)
        let fields = try keyring.fieldStates(of: value, in: id) { counters[$0] ?? 0 }
        var candidate: (Int64, SealedValue)?
        if makesCandidates {
            let current = try known(id)
            if current?.fingerprint != fingerprint {
                let number = (current?.latestVersion ?? 0) + 1
                candidate = (number, try keyring.seal(encoded, for: id, version: number))
            }
        }
        return OpenedValue(fingerprint: fingerprint, fields: fields, candidate: candidate)
    }

    private static func finding(_ leaf: UnopenedLeaf, _ id: SecretID, _ failure: AgeFailure) -> Diagnostic {
        let field = SecretValue.text(of: leaf.path)
        return Diagnostic(
            code: ReconcileFailure.Kind.undecryptable.rawValue,
            "cannot open \(field.isEmpty ? "the value" : "`\(field)`") of \(id): \(failure.message)",
            hint: failure.kind == .noMatch
                ? "\(readers(of: leaf)); give the identity of one of them with --identity, or seal the value to yours too"
                : "seal the value once more with `reseal seal \(id.name)`", at: leaf.span)
    }

    /// By fingerprints: the names are known when all manifests are read.
    private static func readers(of leaf: UnopenedLeaf) -> String {
        guard case .sealed(let file) = leaf.content else { return "" }
        guard let binding = try? Binding.find(in: file.header.stanzas) else {
            return "it was sealed for \(SealedSummary.recipients(file.header.stanzas)), and does not say who they are"
        }
        let shown = binding.recipients.prefix(5).joined(separator: ", ")
        let more = binding.recipients.count - 5
        return "it can be opened by \(shown)\(more > 0 ? " and \(more) more" : "")"
    }
}

/// Compares ciphertexts without opening them. Its fingerprints are kept in memory only.
struct KeylessOpener: ValueOpener {
    func open(_ leaves: [UnopenedLeaf], of id: SecretID) throws -> OpenedValue {
        var whole: [UInt8] = []
        let fields = leaves.sorted { $0.path.lexicographicallyPrecedes($1.path) }.map { leaf in
            let name = SecretValue.text(of: leaf.path)
            let content =
                switch leaf.content {
                case .plain(let scalar): Array(scalar.kind.rawValue.utf8) + [0] + scalar.text
                case .sealed(let file): file.header.mac
                }
            return Self.look(of: content, name: name, counter: leaf.counter, whole: &whole)
        }
        return OpenedValue(fingerprint: Digest256(hashing: whole), fields: fields, candidate: nil)
    }

    /// The state of one field by how it looks; adds to what is known of the whole value.
    static func look(of content: [UInt8], name: String, counter: Int64, whole: inout [UInt8]) -> FieldState {
        let digest = Digest256(hashing: Array(name.utf8) + [0] + content).bytes
        whole += digest
        return FieldState(
            field: name, counter: counter, fingerprint: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension SecretValue.Leaf {
    /// A sealed leaf has no YAML type of its own: text where it is UTF-8, otherwise binary.
    init(path: [String], opened: SecretBytes) {
        self.init(path: path, type: opened.isUTF8 ? .string : .binary, bytes: opened)
    }

    init(path: [String], scalar: PlainScalar) {
        let type: SecretValue.LeafType =
            switch scalar.kind {
            case .string: .string
            case .integer: .integer
            case .float: .number
            case .bool: .boolean
            case .null: .null
            case .binary: .binary
            }
        self.init(path: path, type: type, bytes: SecretBytes(type == .null ? Array("null".utf8) : scalar.text))
    }
}
