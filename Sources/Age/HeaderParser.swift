internal import Glibc
internal import ResealCore

/// What a stanza is made of. The body is nobody else's yet, so that it can be zeroed where it is a secret.
typealias StanzaParts = (type: String, arguments: [String], body: [UInt8])

/// Reads a header strictly from bytes that it borrows, in one pass and without text per line.
struct HeaderParser {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// Where the MAC's coverage ends, set by ``parse()``.
    private(set) var macCoverage = 0
    /// Where the payload begins, set by ``parse()``.
    var payloadStart: Int { position }

    /// `bytes` may go on behind the header.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func parse() throws(AgeFailure) -> Header {
        try parseVersion()
        var stanzas: [Stanza] = []
        while true {
            let start = position
            let line = try nextLine()
            if line.starts(with: "---") {
                guard !stanzas.isEmpty else { throw .header("it has no stanza") }
                macCoverage = start + 3
                return Header(stanzas: stanzas, mac: try parseMAC(line))
            }
            guard stanzas.count < Header.maximumStanzas else {
                throw .header("it has more than \(Header.maximumStanzas) stanzas")
            }
            let (type, arguments, body) = try parseStanza(line, number: stanzas.count + 1)
            stanzas.append(Stanza(type: type, arguments: arguments, body: body))
        }
    }

    private mutating func parseVersion() throws(AgeFailure) {
        guard bytes.starts(with: "age-encryption.org/") else {
            throw AgeFailure(
                .header, bytes.isEmpty ? "the input is empty" : "the input is not an age file",
                hint: "an age file begins with `age-encryption.org/v1` or `\(Armor.beginLine)`")
        }
        guard try nextLine().elementsEqual(Header.versionLine) else {
            throw AgeFailure(.header, "the file has an unsupported version of the age format", hint: "only v1 is known")
        }
    }

    private func parseMAC(_ line: UnsafeRawBufferPointer) throws(AgeFailure) -> [UInt8] {
        guard line.starts(with: "--- "), let mac = Base64.decode(line.dropping(4), padded: false),
            mac.count == Header.macBytes
        else { throw .header("its last line is no MAC") }
        return mac
    }

    private mutating func parseStanza(
        _ line: UnsafeRawBufferPointer, number: Int
    ) throws(AgeFailure) -> StanzaParts {
        guard line.starts(with: "-> ") else { throw .header("a stanza was expected behind stanza \(number - 1)") }
        let words = line.dropping(3).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Stanza.isVisible) }) else {
            throw .header("stanza \(number) has a malformed argument")
        }
        var arguments = words.map { String(decoding: UnsafeRawBufferPointer(rebasing: $0), as: UTF8.self) }
        let type = arguments.removeFirst()
        return (type, arguments, try parseBody(number))
    }

    /// Reads bytes that are one stanza without a header around it.
    static func parts(ofStanza bytes: UnsafeRawBufferPointer) throws(AgeFailure) -> StanzaParts {
        var parser = HeaderParser(bytes)
        let line = try parser.nextLine()
        return try parser.parseStanza(line, number: 1)
    }

    /// Lines of 64 characters up to the first that is shorter.
    private mutating func parseBody(_ number: Int) throws(AgeFailure) -> [UInt8] {
        var line = try nextLine()
        var letters: [UInt8] = []
        while line.count == Header.columns {
            letters += line
            line = try nextLine()
        }
        // Most bodies are one short line, which needs no copy.
        let body: [UInt8]?
        if letters.isEmpty {
            body = Base64.decode(line, padded: false)
        } else {
            letters += line
            body = Base64.decode(letters, padded: false)
        }
        guard line.count < Header.columns, let body else {
            throw .header("the body of stanza \(number) is not base64 in lines of 64 characters")
        }
        return body
    }

    /// The next line without its line feed.
    private mutating func nextLine() throws(AgeFailure) -> UnsafeRawBufferPointer {
        let window = min(bytes.count, Header.maximumBytes) - position
        guard window > 0, let base = bytes.baseAddress, let end = memchr(base + position, 0x0a, window) else {
            throw bytes.count > Header.maximumBytes
                ? .header("it is larger than \(Header.maximumBytes) bytes") : .header("it is cut short")
        }
        let length = UnsafeRawPointer(end) - (base + position)
        defer { position += length + 1 }
        return UnsafeRawBufferPointer(start: base + position, count: length)
    }
}

extension AgeFailure {
    static func header(_ what: String) -> AgeFailure { AgeFailure(.header, "the age header is malformed: \(what)") }
}

extension UnsafeRawBufferPointer {
    func starts(with text: StaticString) -> Bool {
        guard let baseAddress, count >= text.utf8CodeUnitCount else { return false }
        return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    func dropping(_ prefix: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[prefix...]) }
}
