package import ResealCore
package import ResealSealing

/// The text of a Secret manifest that holds what a SOPS document held.
///
/// What SOPS had encrypted is sealed, what it had left plain stays plain. Lists become mappings with positions as keys,
/// since a value has no lists; empty mappings and lists are left out.
package struct SOPSManifestText {
    /// What became of a document, in numbers and words, for whoever decides on the import.
    package struct Summary: Sendable {
        package var sealed = 0
        package var plain = 0
        /// Encrypted comments, which stay behind: in a manifest everybody could read them.
        package var hiddenComments = 0
        /// Fields that were lists.
        package var lists: [String] = []
        /// Encrypted numbers and truth values, which are text once sealed.
        package var retyped: [String] = []
    }

    /// One sealed or plain leaf, to compare the written manifest with.
    private struct Written {
        let field: FieldPath
        let isSealed: Bool
        let bytes: [UInt8]
    }

    private let revealsComments: Bool
    /// Seals a leaf and returns the armored file.
    private let seal: (SecretBytes, FieldPath) throws -> [UInt8]
    private var out: [UInt8] = []
    private var written: [Written] = []
    private(set) var summary = Summary()

    /// - Parameters:
    ///   - origin: said in a comment; one line.
    ///   - revealsComments: writes encrypted comments in clear.
    /// - Throws: ``ManifestFailure/Kind/sopsUnwritable`` for a document that no manifest can hold.
    package static func write(
        _ node: SOPSNode<SOPSValue>, id: SecretID, origin: String, revealsComments: Bool,
        seal: @escaping (SecretBytes, FieldPath) throws -> [UInt8]
    ) throws -> (text: [UInt8], summary: Summary) {
        var text = SOPSManifestText(revealsComments: revealsComments, seal: seal)
        text.out = head(of: id, origin: origin)
        text.put("  value:")
        switch node {
        case .leaf(let value): try text.leaf(value, .whole, indent: 4)
        default:
            text.out.append(0x0a)
            guard try text.collection(node, .whole, indent: 4) else { throw unwritable("it holds no values", nil) }
        }
        try text.check(id)
        return (text.out, text.summary)
    }

    /// The text of a manifest that refers to the SOPS file instead. `path` is relative to the manifest.
    package static func reference(to path: String, document: Int?, id: SecretID, origin: String) -> [UInt8] {
        var out = head(of: id, origin: origin)
        out += Array("  value:\n    fromSOPS: ".utf8) + YAMLText.scalar(path) + [0x0a]
        if let document { out += Array("    document: \(document)\n".utf8) }
        return out
    }

    /// The text of a manifest whose value is a sealed file beside it.
    package static func reference(toSealedFile path: String, id: SecretID, origin: String) -> [UInt8] {
        head(of: id, origin: origin) + Array("  value:\n    fromFile: ".utf8) + YAMLText.scalar(path) + [0x0a]
    }

    private static func head(of id: SecretID, origin: String) -> [UInt8] {
        var out = Array("apiVersion: reseal/v1\nkind: Secret\nmetadata:\n  name: ".utf8)
        out += YAMLText.scalar(id.name)
        if id.organization != SecretID.defaultOrganization {
            out += Array("\n  organization: ".utf8) + YAMLText.scalar(id.organization)
        }
        return out + Array("\nspec:\n  # \(comment(Array(origin.utf8)) ?? "Imported from SOPS.")\n".utf8)
    }

    private init(revealsComments: Bool, seal: @escaping (SecretBytes, FieldPath) throws -> [UInt8]) {
        self.revealsComments = revealsComments
        self.seal = seal
    }

    private mutating func put(_ text: String) { out += Array(text.utf8) }

    private static func unwritable(_ problem: String, _ hint: String?) -> ManifestFailure {
        ManifestFailure(.sopsUnwritable, problem, hint: hint)
    }

    // MARK: Writing

    /// False if there was nothing to write; comments without a value go too.
    private mutating func collection(
        _ node: SOPSNode<SOPSValue>, _ field: FieldPath, indent: Int
    ) throws -> Bool {
        let start = out.count
        var hasValue = false
        switch node {
        case .leaf: return false
        case .mapping(let entries):
            for entry in entries {
                switch entry {
                case .comment(let comment): put(comment, indent: indent)
                case .value(let key, _, let node):
                    if try entryLine(node, key, field, indent: indent) { hasValue = true }
                }
            }
        case .list(let items):
            summary.lists.append(field.description)
            var position = 0
            for item in items {
                switch item {
                case .comment(let comment): put(comment, indent: indent)
                case .value(let node):
                    if try entryLine(node, "\(position)", field, indent: indent) { hasValue = true }
                    position += 1
                }
            }
        }
        if !hasValue { out.removeSubrange(start...) }
        return hasValue
    }

    private mutating func entryLine(
        _ node: SOPSNode<SOPSValue>, _ key: String, _ outer: FieldPath, indent: Int
    ) throws -> Bool {
        let field = outer.appending(key)
        if let problem = StringFormat.fieldName.problem(key) ?? (key.isEmpty ? "is empty" : nil) {
            throw Self.unwritable("the key \(quoted(key)) \(problem)", "rename it in the SOPS document")
        }
        let start = out.count
        out += [UInt8](repeating: 0x20, count: indent) + YAMLText.scalar(key) + [0x3a]
        if case .leaf(let value) = node {
            try leaf(value, field, indent: indent + 2)
            return true
        }
        out.append(0x0a)
        guard try collection(node, field, indent: indent + 2) else {
            out.removeSubrange(start...)
            return false
        }
        return true
    }

    private mutating func leaf(_ value: SOPSValue, _ field: FieldPath, indent: Int) throws {
        guard value.isEncrypted else { return plain(value, field) }
        let armor = try seal(value.bytes, field)
        put(" |\n")
        for line in armor.split(separator: 0x0a) {
            out += [UInt8](repeating: 0x20, count: indent) + line + [0x0a]
        }
        summary.sealed += 1
        if [.integer, .number, .boolean].contains(value.kind) { summary.retyped.append(field.description) }
        written.append(Written(field: field, isSealed: true, bytes: armor))
    }

    private mutating func plain(_ value: SOPSValue, _ field: FieldPath) {
        let bytes = value.bytes.revealBytes()
        out.append(0x20)
        switch value.kind {
        case .string, .comment: out += YAMLText.scalar(bytes)
        case .binary: put("!!binary \(Base64.encode(bytes, padded: true))")
        case .integer, .number, .boolean: out += bytes
        case .null: put("null")
        }
        out.append(0x0a)
        summary.plain += 1
        written.append(Written(field: field, isSealed: false, bytes: bytes))
    }

    private mutating func put(_ value: SOPSValue, indent: Int) {
        if value.isEncrypted, !revealsComments {
            summary.hiddenComments += 1
        } else if let text = Self.comment(value.bytes.revealBytes()) {
            put(String(repeating: " ", count: indent) + "#\(text)\n")
        }
    }

    /// `nil` for what may not stand in a manifest, such as characters that nobody sees.
    private static func comment(_ bytes: [UInt8]) -> String? {
        let text = SourceText(file: "", commit: nil, bytes: bytes, maximumDefects: 1)
        return text.defects.isEmpty && !bytes.contains(0x0a) && !bytes.contains(0x0d)
            ? String(decoding: bytes, as: UTF8.self) : nil
    }

    // MARK: Checking

    /// Reads the manifest as anybody would, and compares it with what was meant.
    private func check(_ id: SecretID) throws {
        let reading = ManifestReader.read(ManifestFile(path: "", bytes: out))
        if let problem = reading.diagnostics.first(where: { $0.severity == .error }) {
            throw Self.unwritable(problem.message, problem.hint)
        }
        guard reading.manifests.count == 1, case .secret(let spec)? = reading.manifests.first?.spec,
            reading.manifests.first?.key.secretID == id, let leaves = spec.value?.leaves,
            leaves.count == written.count, zip(leaves, written).allSatisfy(Self.isSame)
        else {
            throw Self.unwritable("it holds text that a manifest would take for something else", nil)
        }
    }

    private static func isSame(_ leaf: ValueLeaf, _ written: Written) -> Bool {
        guard leaf.field == written.field else { return false }
        switch leaf.content {
        case .sealed(let bytes): return written.isSealed && bytes == written.bytes
        case .plain(let scalar): return !written.isSealed && scalar.text == written.bytes
        }
    }
}
