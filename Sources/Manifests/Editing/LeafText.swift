internal import ResealCore
internal import ResealSealing

/// How the new content of a leaf is written.
struct LeafText {
    /// A block scalar.
    struct Block {
        let indicator: [UInt8]
        /// A line break in front of each line, none at the end.
        let lines: [UInt8]
    }

    let content: ManifestEdit.Content
    let newLine: [UInt8]
    /// The file ends with a line break.
    let isFileEnded: Bool

    /// As a literal block; `nil` if the content cannot be written so that every reader takes it alike.
    func block(indent: Int) -> Block? {
        switch content {
        case .sealed(let armor):
            return block(armor, "|", indent, unlessEnded: "|", isAllowed: { $0 == 0x0a || (0x20...0x7e).contains($0) })
        case .plain(let text):
            // The last line break of the text would be lost at the end of a file that has none.
            guard text.utf8.contains(0x0a), isFileEnded else { return nil }
            return block(
                Array(text.utf8), "|", indent, unlessEnded: "|-",
                isAllowed: { $0 == 0x0a || (0x20...0x7e).contains($0) })
        case .original(let source): return original(source)
        case .marked(let mark, let value, let isInline):
            guard !isInline, isFileEnded else { return nil }
            return value.withUnsafeBytes { marked(mark, $0, indent) }
        }
    }

    /// On one line.
    func inline(isFlow: Bool) -> [UInt8] {
        switch content {
        case .sealed(let armor): return YAMLText.quoted(armor)
        case .plain(let text): return YAMLText.quoted(Array(text.utf8))
        case .original(let source):
            if case .inline(let bytes) = source.form { return bytes }
            return YAMLText.quoted(source.text)
        case .marked(let mark, let value, _):
            let tag = Array("\(mark.shown) ".utf8)
            return value.withUnsafeBytes { bytes in
                tag
                    + (mark == .base64
                        ? YAMLText.quoted(Base64.encode(bytes, padded: true)) : YAMLText.typed(bytes, isFlow))
            }
        }
    }

    private func original(_ source: ScalarSource) -> Block? {
        guard case .block(let indicator, let lines) = source.form else { return nil }
        let isCRLF = lines.starts(with: [0x0d])
        if isCRLF == (newLine.count == 2) { return Block(indicator: indicator, lines: lines) }
        // An editor may have changed all line breaks of the file.
        let plain = lines.filter { $0 != 0x0d }
        return Block(indicator: indicator, lines: plain.flatMap { $0 == 0x0a ? newLine : [$0] })
    }

    private func marked(_ mark: SealMark, _ bytes: UnsafeRawBufferPointer, _ indent: Int) -> Block? {
        switch mark {
        case .unopened: return nil
        case .base64:
            let letters = Base64.encode(bytes, padded: true)
            guard letters.count > Self.base64Columns else { return nil }
            var text: [UInt8] = []
            for start in stride(from: 0, to: letters.count, by: Self.base64Columns) {
                text += letters[start..<min(start + Self.base64Columns, letters.count)] + [0x0a]
            }
            return block(text, "\(mark.shown) |", indent, unlessEnded: "\(mark.shown) |", isAllowed: { _ in true })
        case .text:
            let text = Array(bytes)
            guard text.contains(0x0a), YAMLText.isVisible(text) else { return nil }
            return block(text, "\(mark.shown) |", indent, unlessEnded: "\(mark.shown) |-", isAllowed: { $0 != 0x0d })
        }
    }

    private static let base64Columns = 76

    private func block(
        _ text: [UInt8], _ indicator: String, _ indent: Int, unlessEnded: String, isAllowed: (UInt8) -> Bool
    ) -> Block? {
        let isEnded = text.last == 0x0a
        let content = isEnded ? text.dropLast() : text[...]
        guard let first = content.first, !first.isSpaceOrBreak, content.last?.isSpaceOrBreak == false,
            content.allSatisfy(isAllowed)
        else { return nil }
        var lines: [UInt8] = []
        lines.reserveCapacity(content.count + content.count / 16 + 64)
        for line in content.split(separator: 0x0a, omittingEmptySubsequences: false) {
            lines += newLine
            if !line.isEmpty { lines += [UInt8](repeating: 0x20, count: indent) + line }
        }
        return Block(indicator: Array((isEnded ? indicator : unlessEnded).utf8), lines: lines)
    }
}
