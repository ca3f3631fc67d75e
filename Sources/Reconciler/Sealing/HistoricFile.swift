internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// What one version of a file says about a recipient, whatever commit it is looked at from.
struct HistoricFile: Sendable {
    /// A ciphertext without a binding.
    struct Unbound: Sendable {
        let mac: [UInt8]
        /// The secret and field, where a manifest tells them.
        let place: (id: SecretID, field: FieldPath)?
    }

    /// A ciphertext whose binding names the recipient.
    struct Bound: Sendable {
        let mac: [UInt8]
        let id: SecretID
        let field: FieldPath
        let counter: Int64
    }

    /// The rules that a version of a file holds.
    enum Rules: Sendable {
        case readable(Manifest)
        /// They could not be read, and do or do not mention the recipient.
        case malformed(mentions: Bool)
    }

    private(set) var bound: [Bound] = []
    private(set) var unbound: [Unbound] = []
    /// Files that secrets take their values from.
    private(set) var valueFiles: [(path: String, id: SecretID)] = []
    private(set) var rules: Rules?
    /// The digest of a SOPS document whose metadata names the recipient.
    private(set) var document: [UInt8]?

    private let fingerprint: String
    private var known: Set<[UInt8]> = []

    /// - Parameters:
    ///   - fingerprint: the recipient's.
    ///   - text: the recipient's text, where it is known.
    init(path: String, bytes: [UInt8], fingerprint: String, text: String?) {
        self.fingerprint = fingerprint
        if bytes.starts(with: SealedText.binary) {
            add(bytes, place: nil)
            return
        }
        if let text, bytes.holds(SealedText.sopsValue), bytes.holds(Array(text.utf8)) {
            document = SHA256.hash(bytes)
        }
        let armors = SealedText.count(in: bytes)
        let isManifest = path.hasSuffix(".yaml") || path.hasSuffix(".yml")
        if isManifest, armors > 0 || SealedText.words.contains(where: { bytes.holds($0) }) {
            read(ManifestReader.read(ManifestFile(path: path, bytes: bytes)))
            if rules == nil, bytes.holds(SealedText.recipientsKind) {
                rules = .malformed(mentions: text.map { bytes.holds(Array($0.utf8)) } ?? true)
            }
        }
        // What stands in documents with errors, in comments, and in files that are no manifests.
        if armors > known.count { for armor in SealedText.armors(in: bytes) { add(armor, place: nil) } }
    }

    private mutating func read(_ reading: ManifestReading) {
        for manifest in reading.manifests {
            switch manifest.spec {
            case .secret(let spec):
                let id = manifest.key.secretID
                if case .file(let path, _)? = spec.value?.source { valueFiles.append((path, id)) }
                for leaf in spec.value?.leaves ?? [] {
                    if case .sealed(let bytes) = leaf.content { add(bytes, place: (id, leaf.field)) }
                }
            case .recipients:
                rules = .readable(manifest)
            default: break
            }
        }
    }

    private mutating func add(_ bytes: [UInt8], place: (SecretID, FieldPath)?) {
        guard let header = try? SealedFile(parsing: bytes).header, known.insert(header.mac).inserted else { return }
        guard let binding = try? Binding.find(in: header.stanzas) else {
            return unbound.append(Unbound(mac: header.mac, place: place.map { (id: $0, field: $1) }))
        }
        guard binding.recipients.contains(fingerprint) else { return }
        bound.append(
            Bound(
                mac: header.mac, id: SecretID(binding.secret, organization: binding.organization),
                field: binding.field, counter: binding.counter))
    }
}

/// Finds age files in text of any form.
enum SealedText {
    static let binary = Array("age-encryption.org/v1\n".utf8)
    static let words = ["fromFile", "Recipients"].map { Array($0.utf8) }
    static let sopsValue = Array("ENC[AES256_GCM,".utf8)
    static let recipientsKind = Array("kind: Recipients".utf8)
    private static let begin = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let end = Array("-----END AGE ENCRYPTED FILE-----".utf8)

    static func count(in bytes: [UInt8]) -> Int {
        var count = 0
        var rest = bytes[...]
        while let found = rest.firstRange(of: begin) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }

    /// Every armor, without what stands in front of each of its lines: an indent, or the mark of a comment.
    static func armors(in bytes: [UInt8]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var rest = bytes[...]
        while let start = rest.firstRange(of: begin), let stop = rest[start.upperBound...].firstRange(of: end) {
            let margin =
                start.lowerBound - (rest[..<start.lowerBound].lastIndex(of: 0x0a).map { $0 + 1 } ?? rest.startIndex)
            let lines = bytes[start.lowerBound..<stop.upperBound].split(
                separator: 0x0a, omittingEmptySubsequences: false)
            let bare = lines.enumerated().map { Array($0.offset == 0 ? $0.element : $0.element.dropFirst(margin)) }
            found.append(Array(bare.joined(separator: [0x0a])))
            rest = rest[stop.upperBound...]
        }
        return found
    }
}
