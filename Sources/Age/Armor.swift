internal import Glibc
internal import ResealCore

/// ASCII armor: strict PEM (RFC 7468, figure 3) with the label `AGE ENCRYPTED FILE`, lines of 64 characters, and
/// whitespace allowed only before and after. Lines may end in LF or CRLF.
package enum Armor {
    static let beginLine = "-----BEGIN AGE ENCRYPTED FILE-----"
    static let endLine = "-----END AGE ENCRYPTED FILE-----"
    static let columns = 64
    static let bytesPerLine = 48

    /// Text with a line feed at its end.
    package static func encode(_ file: [UInt8]) -> [UInt8] {
        var encoder = ArmorEncoder()
        var text: [UInt8] = []
        text.reserveCapacity(file.count * 4 / 3 + file.count / bytesPerLine + 80)
        file.withUnsafeBytes { encoder.encode($0, into: &text) }
        encoder.finish(into: &text)
        return text
    }

    /// The bytes in the armor. Throws ``AgeFailure/Kind/armor`` for anything that is not strict.
    package static func decode(_ text: [UInt8]) throws(AgeFailure) -> [UInt8] {
        var decoder = ArmorDecoder()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        try text.withRawBytes { (text) throws(AgeFailure) in try decoder.decode(text, into: &bytes) }
        try decoder.finish()
        return bytes
    }

    /// True if `text` begins with the armor's first line, whitespace aside. What follows may still be malformed.
    package static func isArmored(_ text: some Collection<UInt8>) -> Bool {
        text.drop(while: isWhitespace).starts(with: beginLine.utf8)
    }

    /// Tells from how a file begins whether it is meant to be armored, well-formed or not: a file that is damaged, or
    /// has text before the armor, should be told what is wrong with its armor. Looks at 2 KiB behind whitespace.
    static func looksArmored(_ start: UnsafeRawBufferPointer) -> Bool {
        // Binary age files begin with a letter, so this decides almost every case at once.
        if start.starts(with: "-----BEGIN ") { return true }
        if start.starts(with: "age-encryption.org/") { return false }
        let text = start.drop(while: isWhitespace).prefix(2048)
        return text.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: "-----".utf8) }
    }

    static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}

/// Makes armor of bytes that come in pieces.
struct ArmorEncoder {
    private var hasBegun = false
    /// Bytes that do not fill a line yet.
    private var rest: [UInt8] = []

    mutating func encode(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
        begin(&text)
        var bytes = bytes
        if !rest.isEmpty {
            let missing = min(Armor.bytesPerLine - rest.count, bytes.count)
            rest += bytes.prefix(missing)
            bytes = bytes.dropping(missing)
            guard rest.count == Armor.bytesPerLine else { return }
            rest.withUnsafeBytes { Self.append($0, to: &text) }
            rest.removeAll(keepingCapacity: true)
        }
        let whole = bytes.count - bytes.count % Armor.bytesPerLine
        Self.append(UnsafeRawBufferPointer(rebasing: bytes[..<whole]), to: &text)
        rest += bytes[whole...]
    }

    mutating func finish(into text: inout [UInt8]) {
        begin(&text)
        rest.withUnsafeBytes { Self.append($0, to: &text) }
        rest = []
        text += "\(Armor.endLine)\n".utf8
    }

    private mutating func begin(_ text: inout [UInt8]) {
        if !hasBegun { text += "\(Armor.beginLine)\n".utf8 }
        hasBegun = true
    }

    private static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        let letters = Base64.encode(bytes, padded: true)
        for start in stride(from: 0, to: letters.count, by: Armor.columns) {
            text += letters[start..<min(start + Armor.columns, letters.count)]
            text.append(UInt8(ascii: "\n"))
        }
    }
}

/// Reads armor that comes in pieces, line by line.
struct ArmorDecoder {
    private enum Place { case before, inside, behindLastLine, after }

    private static let beginLine = Array(Armor.beginLine.utf8)
    private static let endLine = Array(Armor.endLine.utf8)
    /// The longest line that is ever held back: whitespace before the armor may be that long.
    private static let longestLine = 1024

    private var place = Place.before
    /// The beginning of a line whose end has not come yet.
    private var partial: [UInt8] = []
    /// Full lines that wait to be decoded in one go.
    private var letters: [UInt8] = []

    /// Appends to `bytes` what can be decoded so far.
    mutating func decode(_ text: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(AgeFailure) {
        var rest = text
        while place != .after, let base = rest.baseAddress, let end = memchr(base, 0x0a, rest.count) {
            let length = UnsafeRawPointer(end) - base
            let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
            rest = rest.dropping(length + 1)
            if partial.isEmpty {
                try take(line, into: &bytes)
            } else {
                try hold(line)
                try takePartial(into: &bytes)
            }
        }
        if place == .after { try checkBehind(rest) } else { try hold(rest) }
        try flush(into: &bytes)
    }

    /// To be called at the end of the input: a last line may lack its line feed.
    mutating func finish() throws(AgeFailure) {
        var none: [UInt8] = []
        if !partial.isEmpty { try takePartial(into: &none) }
        guard place == .after else {
            throw .armor(place == .before ? "its first line is missing" : "its last line is missing")
        }
    }

    private mutating func hold(_ piece: UnsafeRawBufferPointer) throws(AgeFailure) {
        guard partial.count + piece.count <= Self.longestLine else { throw .armor("a line is too long") }
        partial += piece
    }

    private mutating func takePartial(into bytes: inout [UInt8]) throws(AgeFailure) {
        let line = partial
        partial.removeAll(keepingCapacity: true)
        try line.withRawBytes { (line) throws(AgeFailure) in try take(line, into: &bytes) }
    }

    private mutating func take(_ whole: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(AgeFailure) {
        let line = whole.last == 0x0d ? UnsafeRawBufferPointer(rebasing: whole.dropLast()) : whole
        switch place {
        case .before:
            if line.allSatisfy(Armor.isWhitespace) { return }
            guard line.elementsEqual(Self.beginLine) else {
                throw .armor("it does not begin with the line `\(Armor.beginLine)`")
            }
            place = .inside
        case .inside, .behindLastLine:
            if line.first == UInt8(ascii: "-") {
                guard line.elementsEqual(Self.endLine) else {
                    throw .armor("it does not end with the line `\(Armor.endLine)`")
                }
                place = .after
            } else {
                guard place == .inside else { throw .armor("a line follows the last, shorter one") }
                try takeLetters(line, into: &bytes)
            }
        case .after: try checkBehind(whole)
        }
    }

    private mutating func takeLetters(_ line: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(AgeFailure) {
        guard (1...Armor.columns).contains(line.count) else {
            throw .armor(line.isEmpty ? "it has an empty line" : "a line is longer than 64 characters")
        }
        if line.count == Armor.columns, line.last != UInt8(ascii: "=") {
            letters += line
            return
        }
        try flush(into: &bytes)
        guard let last = Base64.decode(line, padded: true) else { throw .armorBase64 }
        bytes += last
        place = .behindLastLine
    }

    private mutating func flush(into bytes: inout [UInt8]) throws(AgeFailure) {
        if letters.isEmpty { return }
        guard let decoded = Base64.decode(letters, padded: false) else { throw .armorBase64 }
        bytes += decoded
        letters.removeAll(keepingCapacity: true)
    }

    private func checkBehind(_ text: UnsafeRawBufferPointer) throws(AgeFailure) {
        guard text.allSatisfy(Armor.isWhitespace) else { throw .armor("text follows its last line") }
    }
}

extension AgeFailure {
    static func armor(_ what: String) -> AgeFailure {
        AgeFailure(.armor, "the age armor is malformed: \(what)", hint: "copy the whole block again, without changes")
    }
    static var armorBase64: AgeFailure { .armor("a line is not strict base64") }
}
