/// `name = value` and its kin on a line of text, around one separator.
struct Assignment {
    let meaning: SecretNames.Meaning
    let value: Range<Int>
    let isQuoted: Bool

    /// What a `=` or `:` at `offset` gives to a name that sounds confidential; `nil` for any other name, a comparison,
    /// or nothing.
    init?(_ bytes: FileBytes, at offset: Int) {
        guard let name = Self.name(bytes, before: offset), let meaning = SecretNames.meaning(of: bytes[name]),
            let start = Self.valueStart(bytes, behind: offset)
        else { return nil }
        self.meaning = meaning
        let limit = min(bytes.count, start + Self.reach)
        let quote = bytes[start]
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") || quote == UInt8(ascii: "`") {
            var end = start + 1
            while end < limit, bytes[end] != quote, bytes[end] != 0x0a {
                end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            value = (start + 1)..<max(start + 1, min(end, limit))
            isQuoted = true
        } else {
            var end = start
            while end < limit, !Self.ends.contains(bytes[end]) { end += 1 }
            value = start..<end
            isQuoted = false
        }
    }

    /// Longer values are not looked at to their end.
    private static let reach = 1024
    private static let ends = ByteClass(" \t\n\r,;\"'`")
    private static let spaces = ByteClass(" \t")

    private static func name(_ bytes: FileBytes, before offset: Int) -> Range<Int>? {
        var end = offset
        // `?=`, `+=` and `:=` set a value as well.
        if end > 0, [UInt8(ascii: "?"), UInt8(ascii: "+"), UInt8(ascii: ":")].contains(bytes[end - 1]) { end -= 1 }
        while end > 0, spaces.contains(bytes[end - 1]) { end -= 1 }
        if end > 0, [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "]")].contains(bytes[end - 1]) {
            end -= 1
            if end > 0, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(bytes[end - 1]) { end -= 1 }
        }
        var start = end
        while start > 0, end - start < 80, ByteClass.name.contains(bytes[start - 1]) { start -= 1 }
        return start < end ? start..<end : nil
    }

    private static func valueStart(_ bytes: FileBytes, behind offset: Int) -> Int? {
        var position = offset + 1
        guard position < bytes.count else { return nil }
        let separator = bytes[offset]
        if offset > 0,
            [UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "=")].contains(bytes[offset - 1])
        {
            return nil
        }
        if separator == UInt8(ascii: ":"), bytes[position] == UInt8(ascii: ":") || bytes[position] == UInt8(ascii: "=")
        {
            return nil
        }
        if separator == UInt8(ascii: "="), bytes[position] == UInt8(ascii: "=") || bytes[position] == UInt8(ascii: "~")
        {
            return nil
        }
        if separator == UInt8(ascii: "="), bytes[position] == UInt8(ascii: ">") { position += 1 }
        while position < bytes.count, spaces.contains(bytes[position]) { position += 1 }
        guard position < bytes.count, bytes[position] != 0x0a, bytes[position] != 0x0d else { return nil }
        return blockText(bytes, at: position) ?? position
    }

    /// The first line of a block scalar of YAML, for `|` or `>` at `offset`.
    private static func blockText(_ bytes: FileBytes, at offset: Int) -> Int? {
        guard bytes[offset] == UInt8(ascii: "|") || bytes[offset] == UInt8(ascii: ">") else { return nil }
        let end = bytes.lineEnd(offset, within: 4)
        guard end - offset <= 3 else { return nil }
        var position = end
        while position < bytes.count,
            spaces.contains(bytes[position]) || bytes[position] == 0x0a || bytes[position] == 0x0d
        {
            position += 1
        }
        return position < bytes.count ? position : nil
    }
}
