internal import ResealSealing
internal import ResealCore

/// The textual header of an age file (c2sp.org/age): version line, stanzas, and a MAC under the file key.
///
/// The format is canonical: what parses, encodes to the same bytes.
package struct Header: Sendable, Equatable {
    /// The largest header that is read, in bytes. A stanza for a hybrid recipient takes 1.6 KiB.
    package static let maximumBytes = 1 << 20
    /// The most stanzas that are read; each may cost an identity one scalar multiplication.
    package static let maximumStanzas = 2048
    static let versionLine = Array("age-encryption.org/v1".utf8)
    static let macBytes = 32
    /// Characters of a full line of a stanza's body.
    static let columns = 64

    package let stanzas: [Stanza]
    /// HMAC-SHA-256 over everything before it, 32 bytes.
    package let mac: [UInt8]

    init(stanzas: [Stanza], mac: [UInt8]) {
        self.stanzas = stanzas
        self.mac = mac
    }

    /// Reads the header that `bytes` begin with; a payload may follow. Throws ``AgeFailure/Kind/header``.
    package init(parsing bytes: [UInt8]) throws(AgeFailure) {
        self = try bytes.withRawBytes { (bytes) throws(AgeFailure) in
            var parser = HeaderParser(bytes)
            return try parser.parse()
        }
    }

    /// Writes a header for `fileKey`.
    init(stanzas: [Stanza], fileKey: SecretBytes) throws(AgeFailure) {
        let mac = try Self.encodeForMAC(stanzas).withRawBytes { (text) throws(AgeFailure) in
            try FileKey.headerMAC(fileKey, over: text)
        }
        self.init(stanzas: stanzas, mac: mac)
    }

    /// The header's bytes, up to where the payload begins.
    package func encoded() -> [UInt8] {
        var text = Self.encodeForMAC(stanzas)
        text.append(UInt8(ascii: " "))
        text += mac.withUnsafeBytes { Base64.encode($0, padded: false) }
        text.append(UInt8(ascii: "\n"))
        return text
    }

    /// What the MAC covers: everything up to and including `---`.
    private static func encodeForMAC(_ stanzas: [Stanza]) -> [UInt8] {
        var text = versionLine
        text.append(UInt8(ascii: "\n"))
        for stanza in stanzas {
            stanza.body.withUnsafeBytes { Stanza.encode([stanza.type] + stanza.arguments, body: $0, into: &text) }
        }
        text += "---".utf8
        return text
    }

    /// Stanza types with their counts, for the words of an error: `2 X25519, 1 ssh-ed25519`.
    var summary: String {
        var counts: [(type: String, count: Int)] = []
        for stanza in stanzas {
            if let i = counts.firstIndex(where: { $0.type == stanza.type }) {
                counts[i].count += 1
            } else {
                counts.append((stanza.type, 1))
            }
            // A hostile file may have as many types as stanzas.
            if counts.count > 8 { return "\(stanzas.count) stanzas of many types" }
        }
        return counts.map { "\($0.count) \($0.type.prefix(64))" }.joined(separator: ", ")
    }
}
