internal import ResealCore

/// The documents of one file.
struct YAMLReading {
    var tree = YAMLTree()
    var documents: [YAMLDocument] = []
    /// False when a document could not be read at all, so that what it declares is unknown.
    var isComplete = true
}

/// One document that could be parsed.
struct YAMLDocument {
    /// Position among the documents of the file, from 0.
    let index: Int
    let root: NodeID
    /// It has errors of YAML already, such as a duplicate key.
    let isFaulty: Bool
}

/// Reads all documents of a file. A document that cannot be parsed hides none of the others: reading goes on at the
/// next line that begins with `---`, which YAML allows nowhere inside a document.
enum YAMLReader {
    /// - Parameter knowsMarks: true for manifests, whose leaves may have a ``SealMark``. Elsewhere those are unknown tags.
    static func read(
        _ text: SourceText, limits: YAMLLimits, knowsMarks: Bool = false, log: inout DiagnosticLog
    ) -> YAMLReading {
        for defect in text.defects { log.add(defect.diagnostic(in: text)) }
        guard text.isWholeScanned, !log.isFull else { return YAMLReading(isComplete: false) }
        var builder = YAMLTreeBuilder(text: text, limits: limits, knowsMarks: knowsMarks)
        var position = text.start
        while position < text.bytes.count, !log.isFull {
            let end = segmentEnd(text, from: position)
            if let defect = text.defects.first(where: { (position..<end).contains($0.offset) }) {
                builder.skipDocument()
                position = text.documentStart(from: max(defect.offset, position + 1)) ?? text.bytes.count
                continue
            }
            switch builder.parse(position..<end, log: &log) {
            case .end: position = end
            case .failed(let start, let offset):
                position = text.documentStart(from: max(offset, start + 1)) ?? text.bytes.count
            case .gaveUp: return builder.reading
            }
        }
        if position < text.bytes.count { builder.skipDocument() }
        return builder.reading
    }

    /// The whole rest of the file, unless it has defects: then one document, so that only theirs are left out.
    private static func segmentEnd(_ text: SourceText, from position: Int) -> Int {
        guard let next = text.defects.first(where: { $0.offset >= position }) else { return text.bytes.count }
        let end = text.documentStart(from: position + 1) ?? text.bytes.count
        // A first `---` may follow comments only; what stands before it is then an empty document, left unread.
        return next.offset < end ? end : max(end, position + 1)
    }
}

extension SourceText.Defect {
    func diagnostic(in text: SourceText) -> Diagnostic {
        let place = text.span(at: offset)
        switch kind {
        case .invalidUTF8:
            return Diagnostic(
                code: "yaml.encoding", "the file is not valid UTF-8 here",
                hint: "save it as UTF-8; put binary values into `!!binary` or a file of their own (fromFile)", at: place
            )
        case .control:
            return Diagnostic(
                code: "yaml.control-character", "a control character that YAML does not allow",
                hint: "remove it, or write it as an escape in double quotes", at: place)
        case .loneCarriageReturn:
            return Diagnostic(
                code: "yaml.control-character", "a carriage return without a line feed",
                hint: "use line feeds, or CR LF throughout", at: place)
        case .lineSeparator:
            return Diagnostic(
                code: "yaml.control-character", "a Unicode line separator, which reviewers do not see as a line break",
                hint: "remove it, or write it as an escape in double quotes", at: place)
        case .directives:
            return Diagnostic(
                code: "yaml.directives", "more than \(SourceText.maximumDirectives) lines that begin with `%`",
                hint: "use plain YAML without directives", at: place)
        case .bidirectional:
            return Diagnostic(
                code: "yaml.control-character", "a character that reorders the text on the screen",
                hint: "remove it, or write it as an escape in double quotes", at: place)
        }
    }
}
