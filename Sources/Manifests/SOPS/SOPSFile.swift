package import ResealCore

/// A file of SOPS that was read but not opened: form, keys and recipients can be inspected without an identity.
package struct SOPSFile: Sendable {
    /// Bounds on what a file may make the reader do.
    package static let maximumBytes = 32 << 20
    private static let maximumDocuments = 1000

    package let format: SOPSFormat
    package let metadata: SOPSMetadata
    /// One, unless the file is YAML of several documents. The metadata are left out.
    package let documents: [SOPSNode<SOPSScalar>]
    let source: SourceText
    /// Where the metadata stand.
    package let metadataSpan: SourceSpan

    /// Reads a file in the format that its name tells.
    ///
    /// Throws ``ManifestFailure`` with a place in the file, or ``DiagnosticsFailure`` with every error of YAML.
    package init(_ file: ManifestFile) throws {
        format = try SOPSFormat(path: file.path)
        guard file.bytes.count <= Self.maximumBytes else {
            throw ManifestFailure(
                .sopsFormat, "the file is larger than \(Self.maximumBytes) bytes", hint: "split it",
                at: SourceSpan(file: file.path, commit: file.commit))
        }
        source = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: YAMLLimits().diagnostics + 1,
            tolerating: format == .yaml ? [.lineSeparator, .bidirectional] : [])
        let (documents, metadata) = try Self.parse(source, format)
        guard let metadata else { throw Self.notEncrypted(source) }
        metadataSpan = source.span(at: metadata.offset)
        self.metadata = try SOPSMetadata(metadata.json, at: metadataSpan)
        self.documents = documents
    }

    /// True if the file is encrypted by SOPS, whatever else may be wrong with it.
    package static func recognizes(_ file: ManifestFile) -> Bool {
        guard let format = try? SOPSFormat(path: file.path), file.bytes.count <= maximumBytes,
            file.bytes.firstRange(of: Array("sops".utf8)) != nil
        else { return false }
        let source = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: YAMLLimits().diagnostics,
            tolerating: [.lineSeparator, .bidirectional])
        return (try? parse(source, format))?.metadata?.json["mac"] != nil
    }

    /// A place in the file.
    package func span(at offset: Int) -> SourceSpan { source.span(at: offset) }

    // MARK: Reading

    private typealias Metadata = (json: JSON, offset: Int)

    private static func parse(
        _ source: SourceText, _ format: SOPSFormat
    ) throws -> (documents: [SOPSNode<SOPSScalar>], metadata: Metadata?) {
        switch format {
        case .yaml:
            var limits = YAMLLimits()
            limits.fileBytes = maximumBytes
            limits.documents = maximumDocuments
            let documents = try SOPSYAMLReader.read(source, limits: limits)
            return (documents.map(withoutMetadata), documents.first.flatMap(metadata))
        case .json, .binary:
            if let defect = source.defects.first(where: { $0.kind == .invalidUTF8 }) {
                throw ManifestFailure(
                    .sopsFormat, "this is no JSON file of SOPS: it is not valid UTF-8",
                    at: source.span(at: defect.offset))
            }
            let document = try SOPSJSONReader.read(source)
            return ([withoutMetadata(document)], metadata(document))
        case .dotenv:
            let (document, json) = try SOPSDotenvReader.read(source)
            return ([document], json.map { ($0, 0) })
        }
    }

    private static let metadataKey = "sops"

    private static func withoutMetadata(_ document: SOPSNode<SOPSScalar>) -> SOPSNode<SOPSScalar> {
        guard case .mapping(let entries) = document else { return document }
        return .mapping(
            entries.filter { if case .value(metadataKey, _, _) = $0 { false } else { true } })
    }

    private static func metadata(_ document: SOPSNode<SOPSScalar>) -> Metadata? {
        guard case .mapping(let entries) = document else { return nil }
        for case .value(metadataKey, let offset, let node) in entries {
            if case .mapping = node { return (json(node), offset) }
        }
        return nil
    }

    /// Every scalar as text, whatever its type.
    private static func json(_ node: SOPSNode<SOPSScalar>) -> JSON {
        switch node {
        case .leaf(let leaf):
            if case .boolean(let value) = leaf.content { return .string(value ? "true" : "false") }
            return leaf.content == .null ? .null : .string(String(decoding: leaf.content.hashed, as: UTF8.self))
        case .mapping(let entries):
            var members: [String: JSON] = [:]
            for case .value(let key, _, let node) in entries { members[key] = json(node) }
            return .object(members)
        case .list(let items):
            return .array(items.compactMap { if case .value(let node) = $0 { json(node) } else { nil } })
        }
    }

    private static func notEncrypted(_ source: SourceText) -> ManifestFailure {
        ManifestFailure(
            .sopsFormat, "the file is not encrypted by SOPS: it has no `sops` metadata",
            hint: "`sops encrypt --in-place FILE`; if it was ever pushed, change what it holds as well",
            at: source.span(at: source.start))
    }
}
