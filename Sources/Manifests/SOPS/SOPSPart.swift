package import ResealCore

/// Which part of a SOPS file a secret takes.
package struct SOPSPart: Sendable, Hashable {
    /// Position among the documents of the file, from 1; needed only if there are several.
    package let document: Int?
    /// The keys that lead to the part; none for all of it. Elements of lists are named by their position, from 0.
    package let key: FieldPath

    package init(document: Int? = nil, key: FieldPath = .whole) {
        self.document = document
        self.key = key
    }

    /// The part of `documents`, the contents of a file of this format, sealed or opened.
    ///
    /// Throws ``ManifestFailure/Kind/sopsNoSuchKey`` with a hint at the nearest name.
    package func find<Leaf>(
        in documents: [SOPSNode<Leaf>], _ format: SOPSFormat
    ) throws(ManifestFailure) -> SOPSNode<Leaf> {
        let whole = try chosen(of: documents)
        if format == .binary {
            guard key == .whole else {
                throw ManifestFailure(
                    .sopsNoSuchKey, "a binary file of SOPS has no keys", hint: "leave `key` out: the file is the value")
            }
            guard let data = whole.child("data") else {
                throw ManifestFailure(.sopsNoSuchKey, "the binary file of SOPS has no `data`")
            }
            return data
        }
        return try descend(from: whole)
    }

    private func chosen<Leaf>(of documents: [SOPSNode<Leaf>]) throws(ManifestFailure) -> SOPSNode<Leaf> {
        guard document != nil || documents.count == 1 else {
            throw ManifestFailure(
                .sopsNoSuchKey, "the SOPS file has \(documents.count) documents",
                hint: "say which one: `document: 1` is the first")
        }
        let position = document ?? 1
        guard documents.indices.contains(position - 1) else {
            throw ManifestFailure(
                .sopsNoSuchKey, "the SOPS file has no document \(position)",
                hint: "it has \(documents.count) of them, counted from 1")
        }
        return documents[position - 1]
    }

    private func descend<Leaf>(from whole: SOPSNode<Leaf>) throws(ManifestFailure) -> SOPSNode<Leaf> {
        var node = whole
        for (depth, segment) in key.segments.enumerated() {
            if let child = node.child(segment) {
                node = child
                continue
            }
            let walked = FieldPath(Array(key.segments.prefix(depth)))
            let place = depth == 0 ? "the SOPS document" : "\(quoted(walked.description)) of the SOPS document"
            let names = node.childNames
            let nearest = NearestName.suggestion(for: segment, in: names).map {
                "did you mean \(quoted(walked.appending($0).description))?"
            }
            throw ManifestFailure(
                .sopsNoSuchKey, "\(place) has no key of this name",
                hint: nearest ?? (names.isEmpty ? "there are no keys below it" : "its keys: \(Self.list(names))"))
        }
        return node
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(8).map(quoted).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    }
}
