internal import ResealCore

/// Reads a JSON file of SOPS. The order of keys is kept, which the MAC depends on, and numbers are floating point, as
/// SOPS reads them.
struct SOPSJSONReader {
    private static let maximumDepth = 64
    /// As many as in a file of YAML.
    private static let maximumNodes = YAMLLimits().nodes
    private let source: SourceText
    private let bytes: [UInt8]
    private var position: Int
    private var nodes = 0

    /// The one document, metadata included. Throws ``ManifestFailure/Kind/sopsFormat``.
    static func read(_ source: SourceText) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        var reader = SOPSJSONReader(source)
        let node = try reader.value(depth: maximumDepth)
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { throw reader.failure("text stands behind the document") }
        guard case .mapping = node else { throw reader.failure("the document is no object") }
        return node
    }

    private init(_ source: SourceText) {
        self.source = source
        bytes = source.bytes
        position = source.start
    }

    private func failure(_ problem: String) -> ManifestFailure {
        ManifestFailure(.sopsFormat, "this is no JSON file of SOPS: \(problem)", at: source.span(at: position))
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
    }

    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        skipSpace()
        guard let byte = current, UInt32(byte) == letter.value else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        guard depth > 0 else { throw failure("it is nested too deep") }
        nodes += 1
        guard nodes <= Self.maximumNodes else { throw failure("it has more than \(Self.maximumNodes) values") }
        skipSpace()
        let start = position
        let content: GoScalar
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): content = .string(try string())
        case UInt8(ascii: "t"): content = try word("true", .boolean(true))
        case UInt8(ascii: "f"): content = try word("false", .boolean(false))
        case UInt8(ascii: "n"): content = try word("null", .null)
        default: content = .float(try number())
        }
        return .leaf(SOPSScalar(content, at: start))
    }

    private mutating func object(depth: Int) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        position += 1
        var entries: [SOPSEntry<SOPSScalar>] = []
        var seen: Set<String> = []
        if take("}") { return .mapping(entries) }
        repeat {
            skipSpace()
            let start = position
            guard current == UInt8(ascii: "\"") else { throw failure("a key is expected") }
            let key = String(decoding: try string(), as: UTF8.self)
            guard seen.insert(key).inserted else {
                position = start
                throw failure("a key stands twice")
            }
            guard take(":") else { throw failure("a `:` is expected") }
            entries.append(.value(key: key, offset: start, try value(depth: depth - 1)))
        } while take(",")
        guard take("}") else { throw failure("`,` or `}` is expected") }
        return .mapping(entries)
    }

    private mutating func array(depth: Int) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        position += 1
        var items: [SOPSItem<SOPSScalar>] = []
        if take("]") { return .list(items) }
        repeat { items.append(.value(try value(depth: depth - 1))) } while take(",")
        guard take("]") else { throw failure("`,` or `]` is expected") }
        return .list(items)
    }

    private mutating func word(_ word: String, _ scalar: GoScalar) throws(ManifestFailure) -> GoScalar {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("an unknown word") }
        position += word.utf8.count
        return scalar
    }

    private mutating func number() throws(ManifestFailure) -> Double {
        let letters = Set("+-.eE0123456789".utf8)
        let run = bytes[position...].prefix { letters.contains($0) }
        let text = String(decoding: run, as: UTF8.self)
        guard GoNumber.isYAMLFloat(text), !text.hasPrefix("+"), let value = Double(text), value.isFinite else {
            throw failure("a value is expected")
        }
        position += run.count
        return value
    }

    // MARK: Strings

    private mutating func string() throws(ManifestFailure) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            // Ciphertexts are long and have no escapes.
            let run = bytes[position...].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
            if !run.isEmpty {
                text += run
                position += run.count
                continue
            }
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): text += try escape()
            default: throw failure("a control character in a string")
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape() throws(ManifestFailure) -> [UInt8] {
        guard let byte = current else { throw failure("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try unit()
            if (0xd800..<0xdc00).contains(code), bytes[position...].starts(with: #"\u"#.utf8) {
                position += 2
                let low = try unit()
                guard (0xdc00..<0xe000).contains(low) else { throw failure("half a character in a string") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half a character in a string") }
            return Array(String(Character(scalar)).utf8)
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func unit() throws(ManifestFailure) -> UInt32 {
        let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, let pair = Hex.decode(digits) else { throw failure("a bad escape in a string") }
        position += 4
        return UInt32(pair[0]) << 8 | UInt32(pair[1])
    }
}
