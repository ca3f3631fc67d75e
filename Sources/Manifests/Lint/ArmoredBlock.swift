/// What stands between `-----BEGIN …-----` and `-----END …-----`.
struct ArmoredBlock {
    let range: Range<Int>
    /// What kind of private key it is; `nil` for what may be public.
    let privateKey: String?

    static func find(in bytes: FileBytes) -> [ArmoredBlock] {
        let marks = Mark.all(in: bytes)
        var blocks: [ArmoredBlock] = []
        for (i, mark) in marks.enumerated() where mark.begins {
            let next = i + 1 < marks.count ? marks[i + 1] : nil
            let end = next.flatMap { !$0.begins && $0.label == mark.label ? $0.range.upperBound : nil }
            if !mark.isPrivate {
                if let end { blocks.append(ArmoredBlock(range: mark.range.lowerBound..<end, privateKey: nil)) }
            } else if let content = content(bytes, from: mark.range.upperBound) {
                // A program that looks for the first line is no key: something has to follow.
                blocks.append(
                    ArmoredBlock(range: mark.range.lowerBound..<max(end ?? content, content), privateKey: mark.title))
            }
        }
        return blocks
    }

    /// Where the first line of base64 ends, if there is one behind line breaks, written out or real, quotes and headers.
    private static func content(_ bytes: FileBytes, from offset: Int) -> Int? {
        var position = offset
        let limit = min(bytes.count, offset + 400)
        while position < limit {
            let run = bytes.length(of: .base64, from: position, upTo: limit)
            if run >= 32 { return position + run }
            position += max(run, 1)
        }
        return nil
    }
}

/// One of the two lines around a block.
private struct Mark {
    let range: Range<Int>
    let begins: Bool
    let label: String

    var isPrivate: Bool { label.hasSuffix("PRIVATE KEY") || label == "PGP PRIVATE KEY BLOCK" }

    var title: String {
        switch label {
        case "PGP PRIVATE KEY BLOCK": "a PGP private key"
        case "OPENSSH PRIVATE KEY": "an OpenSSH private key"
        case "ENCRYPTED PRIVATE KEY": "a private key under a passphrase"
        default: "a private key in PEM"
        }
    }

    static func all(in bytes: FileBytes) -> [Mark] {
        var marks: [Mark] = []
        var position = 0
        while position + 11 <= bytes.count {
            // Five dashes cover every fifth byte, so that most of a file is passed over in steps of five.
            guard bytes[position] == UInt8(ascii: "-") else {
                position += 5
                continue
            }
            var start = position
            while start > 0, position - start < 4, bytes[start - 1] == UInt8(ascii: "-") { start -= 1 }
            start = max(start, marks.last?.range.upperBound ?? 0)
            if let mark = Mark(bytes, at: start) {
                marks.append(mark)
                position = mark.range.upperBound
            } else {
                position += 1
            }
        }
        return marks
    }

    private init?(_ bytes: FileBytes, at start: Int) {
        begins = bytes.has("-----BEGIN ", at: start)
        guard begins || bytes.has("-----END ", at: start) else { return nil }
        let labelStart = start + (begins ? 11 : 9)
        let length = bytes.length(of: Self.letters, from: labelStart, upTo: min(bytes.count, labelStart + 60))
        guard length > 0, bytes.has("-----", at: labelStart + length) else { return nil }
        label = bytes.text(labelStart..<labelStart + length)
        range = start..<labelStart + length + 5
    }

    private static let letters = ByteClass("A-Z0-9 ")
}
