internal import ResealCore

/// Adds documents to files of manifests.
package enum ManifestAppender {
    /// The file with `document` behind all others. None of the bytes that were there changes, nor what they mean.
    ///
    /// Throws ``ManifestFailure/Kind/unreadable`` for a file with errors and ``ManifestFailure/Kind/unsafe`` where the
    /// new document would change what stands in front of it.
    package static func append(_ document: String, to file: ManifestFile) throws(ManifestFailure) -> [UInt8] {
        let before = try ParsedFile(file, limits: .standard)
        let newLine = TextLayout(before.text).newLine
        let isEnded = file.bytes.isEmpty || file.bytes.last == 0x0a
        // A file that is empty, or holds nothing but comments, has no document to be separated from.
        let marker = before.yaml.documents.isEmpty ? "" : "---\n"
        let text = "\(isEnded ? "" : "\n")\(marker)\(document)".utf8.flatMap { $0 == 0x0a ? newLine : [$0] }
        let result = ManifestFile(path: file.path, bytes: file.bytes + text)
        let after = try ParsedFile(result, limits: .standard, isOwnWork: true)
        guard EditVerification.isPrefix(before, of: after) else {
            throw ManifestFailure(
                .unsafe, "a document behind the last one of \(file.path) would change that one",
                hint: "end the file with a line break, or choose another file", at: SourceSpan(file: file.path))
        }
        return result.bytes
    }
}
