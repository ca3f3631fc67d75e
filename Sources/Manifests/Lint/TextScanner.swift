/// One pass over the bytes of a file: keys, tokens, random text, and settings whose names say what they hold.
struct TextScanner {
    private let bytes: FileBytes
    private let kind: LintFileKind
    private let options: LintOptions
    /// Where names and values are judged by someone who knows the document.
    private var structured: ArraySlice<Range<Int>>
    /// Where the last value ended that was judged: each is looked at once.
    private var judged = 0
    private(set) var findings: [RawFinding] = []
    /// Offsets of `reseal-lint:`.
    private(set) var directives: [Int] = []

    init(_ bytes: FileBytes, _ kind: LintFileKind, _ options: LintOptions, structured: [Range<Int>]) {
        self.bytes = bytes
        self.kind = kind
        self.options = options
        self.structured = structured[...]
    }

    mutating func run() {
        var blocks = ArmoredBlock.find(in: bytes)[...]
        for block in blocks {
            guard let kind = block.privateKey else { continue }
            findings.append(RawFinding(rule: .privateKey, message: "\(kind) stands here", range: block.range))
        }
        var position = 0
        while position < bytes.count {
            if let block = blocks.first, position >= block.range.lowerBound {
                position = max(position, block.range.upperBound)
                blocks.removeFirst()
                continue
            }
            let byte = bytes[position]
            if ByteClass.run.contains(byte) {
                let limit = blocks.first.map(\.range.lowerBound) ?? bytes.count
                let end = position + bytes.length(of: .run, from: position, upTo: limit)
                look(at: position..<end)
                position = end
            } else {
                if byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") { separator(position, byte) }
                position += 1
            }
        }
    }

    // MARK: Runs

    private mutating func look(at run: Range<Int>) {
        if run.count == 11, bytes.has("reseal-lint:", at: run.lowerBound) { directives.append(run.lowerBound) }
        guard !findTokens(run), kind != .generated, run.count >= options.minimumLength else { return }
        var start = run.lowerBound
        while start < run.upperBound {
            let length = bytes.length(of: Self.encoded, from: start, upTo: run.upperBound)
            if length >= options.minimumLength { judge(start..<start + length, in: run) }
            start += length + 1
        }
    }

    private static let encoded = ByteClass("A-Za-z0-9+/_-")

    /// True if there were any.
    private mutating func findTokens(_ run: Range<Int>) -> Bool {
        guard run.count >= 16 else { return false }
        var found = false
        var position = run.lowerBound
        while position + 16 <= run.upperBound {
            let byte = bytes[position]
            let begins = position == run.lowerBound || !Self.word.contains(bytes[position - 1])
            guard begins, TokenShape.firsts[Int(byte)] || byte == UInt8(ascii: "e"),
                let (rule, title, length) = token(at: position, upTo: run.upperBound)
            else {
                position += 1
                continue
            }
            if let title {
                let message = "\(title) stands here (\(length) characters)"
                findings.append(RawFinding(rule: rule, message: message, range: position..<position + length))
                found = true
            }
            // Whatever it is, it is looked at once.
            position += length
        }
        return found
    }

    private static let word = ByteClass("A-Za-z0-9_")

    private func token(at offset: Int, upTo end: Int) -> (LintRule, String?, Int)? {
        if let (title, length) = TokenShape.match(bytes, at: offset, upTo: end) { return (.knownToken, title, length) }
        if let length = TokenShape.jsonWebToken(bytes, at: offset, upTo: end) {
            return (.knownToken, "a JSON Web Token", length)
        }
        if bytes.has("AGE-SECRET-KEY-", at: offset) {
            let length = 15 + bytes.length(of: Self.ageKey, from: offset + 15, upTo: min(end, offset + Self.longestKey))
            let body = bytes[(offset + 15)..<(offset + length)]
            return (.privateKey, length >= 70 && Randomness.entropy(body) > 3 ? "an age identity" : nil, length)
        }
        return nil
    }

    private static let longestKey = 4096
    private static let ageKey = ByteClass("A-Z0-9-")

    private mutating func judge(_ piece: Range<Int>, in run: Range<Int>) {
        // In a program, what stands in no quotes is a name.
        guard kind != .source || piece.lowerBound > 0 && Self.quotes.contains(bytes[piece.lowerBound - 1]) else {
            return
        }
        guard piece.count <= Randomness.maximumLength, !isPublic(piece, in: run), !isWholeLine(piece),
            Randomness.looksRandom(bytes[piece], threshold: options.entropy)
        else { return }
        findings.append(
            RawFinding(
                rule: .randomText, message: "text that looks random stands here (\(piece.count) characters)",
                range: piece))
    }

    private static let quotes = ByteClass("\"'`")

    /// Digests, public keys, addresses, embedded data.
    private func isPublic(_ piece: Range<Int>, in run: Range<Int>) -> Bool {
        if bytes.has("//", at: run.lowerBound) || bytes.has("AAAA", at: piece.lowerBound) { return true }
        if Self.digests.contains(where: { bytes.has($0, at: piece.lowerBound) }) { return true }
        return Self.before.contains { bytes.has($0, at: piece.lowerBound - $0.utf8CodeUnitCount) }
    }

    private static let digests: [StaticString] = ["sha1-", "sha256-", "sha384-", "sha512-", "age1", "MII"]
    private static let before: [StaticString] = [
        "sha1:", "sha256:", "SHA256:", "sha384:", "sha512:", "h1:", "base64,", "md5:", "MD5:", "data:", "iv:", "tag:",
    ]

    /// One of the lines of something longer.
    private func isWholeLine(_ piece: Range<Int>) -> Bool {
        guard piece.count >= 60 else { return false }
        let before = bytes[max(0, piece.lowerBound - 64)..<piece.lowerBound]
        let behind = bytes[piece.upperBound..<min(bytes.count, piece.upperBound + 4)]
        let first = before.last { $0 != 0x20 && $0 != 0x09 }
        let next = behind.first { $0 != UInt8(ascii: "=") && $0 != 0x0d }
        return (first == nil || first == 0x0a) && (next == nil || next == 0x0a)
    }

    // MARK: Settings

    private mutating func separator(_ offset: Int, _ byte: UInt8) {
        guard kind != .generated else { return }
        if byte == UInt8(ascii: ":"), bytes.has("://", at: offset) { return address(offset) }
        while let first = structured.first, first.upperBound <= offset { structured.removeFirst() }
        guard offset >= judged, structured.first?.contains(offset) != true, let pair = Assignment(bytes, at: offset)
        else { return }
        judged = pair.value.upperBound
        guard pair.isQuoted || kind == .settings || kind == .shell || kind == .prose else { return }
        let value = trimmed(pair.value)
        guard PlainValue.isSecret(bytes[value], pair.meaning, in: kind == .settings ? .settings : .code) else { return }
        findings.append(Self.plain(pair.meaning, bytes[value], value))
    }

    static func plain(
        _ meaning: SecretNames.Meaning, _ content: some Collection<UInt8>, _ range: Range<Int>
    ) -> RawFinding {
        let count = String(decoding: content, as: UTF8.self).unicodeScalars.count
        return RawFinding(
            rule: .plainSecret, message: "a \(meaning.noun) stands here in plain text (\(count) characters)",
            range: range)
    }

    /// Without what a sentence or a mark-up puts around it.
    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var range = range
        while !range.isEmpty, Self.around.contains(bytes[range.upperBound - 1]) {
            range = range.lowerBound..<range.upperBound - 1
        }
        return range
    }

    private static let around = ByteClass(" .),}]")

    // MARK: Addresses

    /// `scheme://user:password@host`.
    private mutating func address(_ offset: Int) {
        let start = offset + 3
        let end = start + bytes.length(of: Self.authority, from: start, upTo: min(bytes.count, start + 512))
        guard let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")),
            let colon = bytes[start..<at].firstIndex(of: UInt8(ascii: ":")), at - colon > 3, colon > start
        else { return }
        let password = (colon + 1)..<at
        let text = bytes.text(password)
        guard text.rangeOfVariable == nil, !Placeholder.isHarmless(text), !isExampleHost(at + 1..<end),
            kind == .settings || Randomness.isStrong(bytes[password])
        else { return }
        findings.append(
            RawFinding(
                rule: .knownToken,
                message: "an address with a password stands here (\(text.unicodeScalars.count) characters)",
                range: password))
    }

    private static let authority = ByteClass("A-Za-z0-9._~!$&*+=:@%-")

    private func isExampleHost(_ host: Range<Int>) -> Bool {
        let name = bytes.text(host).split(separator: ":").first.map(String.init) ?? ""
        return ["example.com", "example.org", "example.net"].contains { name == $0 || name.hasSuffix("." + $0) }
    }
}

extension String {
    /// The sign that a template or shell puts something else in here.
    fileprivate var rangeOfVariable: String.Index? { firstIndex { "$%{}<>".contains($0) } }
}
