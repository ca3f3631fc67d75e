package import ResealCore

/// The part of a file that one document takes.
package enum DocumentSegment {
    /// From the line behind the document's `---` to the next `---`, or the whole file if nothing else is in it.
    ///
    /// Throws ``ManifestFailure/Kind/noSuchSecret`` unless the file declares the secret once, and
    /// ``ManifestFailure/Kind/unreadable`` for a file with errors.
    package static func range(of secret: SecretID, in file: ManifestFile) throws(ManifestFailure) -> Range<Int> {
        let parsed = try ParsedFile(file, limits: .standard)
        let document = try parsed.document(of: secret)
        guard parsed.yaml.documents.count > 1 else { return 0..<file.bytes.count }
        let start = Int(parsed.tree[document.root].start)
        var range = 0..<file.bytes.count
        var marker: Int?
        while let next = parsed.text.documentStart(from: marker.map { $0 + 1 } ?? 0) {
            marker = next
            guard next <= start else {
                range = range.lowerBound..<next
                break
            }
            range = next..<file.bytes.count
        }
        return behindMarker(range, start, TextLayout(parsed.text))
    }

    /// Leaves out a first line of nothing but `---` and a comment.
    private static func behindMarker(_ range: Range<Int>, _ start: Int, _ layout: TextLayout) -> Range<Int> {
        guard let next = layout.nextLine(behind: layout.lineEnd(range.lowerBound)), next <= start,
            layout.isDocumentMarker(range.lowerBound)
        else { return range }
        return next..<range.upperBound
    }
}

extension TextLayout {
    fileprivate func isDocumentMarker(_ offset: Int) -> Bool {
        (offset..<offset + 3).allSatisfy { self[$0] == UInt8(ascii: "-") }
    }
}
