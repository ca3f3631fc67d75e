internal import ResealSealing

/// Makes one line of each armored value, so that nothing which goes by lines can cut one.
struct ArmorFolding {
    private static let begin = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let end = Array("-----END AGE ENCRYPTED FILE-----".utf8)
    /// No YAML has this character, so no line of a manifest looks like a fold.
    private static let mark = Array("\u{1}age ".utf8)
    private var blocks: [[UInt8]: [UInt8]] = [:]

    /// The text with a line for each armor and the line with the key in front of it.
    mutating func fold(_ text: [UInt8]) -> [UInt8] {
        let lines = Self.lines(text)
        var out: [ArraySlice<UInt8>] = []
        var position = 0
        while position < lines.count {
            guard Self.isLine(lines[position], Self.begin),
                let last = lines[position...].firstIndex(where: { Self.isLine($0, Self.end) })
            else {
                out.append(lines[position])
                position += 1
                continue
            }
            let key = out.last.flatMap { Self.isBlockKey($0) ? $0 : nil }
            if key != nil { out.removeLast() }
            out.append(name(Array(key ?? []) + lines[position...last].joined())[...])
            position = last + 1
        }
        return Array(out.joined())
    }

    /// Undoes ``fold(_:)``, for all texts that were folded.
    func unfold(_ text: [UInt8]) -> [UInt8] {
        Self.lines(text).flatMap { line in
            guard line.starts(with: Self.mark) else { return Array(line) }
            let hasBreak = line.last == 0x0a
            guard var block = blocks[Array(hasBreak ? line.dropLast() : line)] else { return Array(line) }
            if hasBreak, block.last != 0x0a { block.append(0x0a) }
            return block
        }
    }

    private mutating func name(_ block: [UInt8]) -> [UInt8] {
        let name = Self.mark + Digest256(hashing: block).bytes.flatMap { [0x41 + $0 >> 4, 0x41 + $0 & 15] }
        blocks[name] = block
        return block.last == 0x0a ? name + [0x0a] : name
    }

    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0a).map { $0 + 1 } ?? text.count
            lines.append(text[start..<end])
            start = end
        }
        return lines
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
        let rest = line.drop(while: isBlank)
        return rest[..<(rest.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? rest.startIndex)]
    }

    private static func isLine(_ line: ArraySlice<UInt8>, _ mark: [UInt8]) -> Bool { trimmed(line) == mark[...] }

    /// Ends with the indicator of a block, such as `|2-`.
    private static func isBlockKey(_ line: ArraySlice<UInt8>) -> Bool {
        let word = trimmed(line).reversed().prefix { $0 != 0x20 && $0 != 0x09 }.reversed()
        guard let first = word.first, first == UInt8(ascii: "|") || first == UInt8(ascii: ">") else { return false }
        return word.dropFirst().allSatisfy { "+-123456789".utf8.contains($0) }
    }
}
