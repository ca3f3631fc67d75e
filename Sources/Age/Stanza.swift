internal import ResealCore
internal import ResealSealing

/// One entry of an age header: a file key wrapped for someone, or a note that the header's MAC covers.
package struct Stanza: Sendable, Equatable {
    /// The first argument of the line, such as `X25519`.
    package let type: String
    /// The arguments behind the type.
    package let arguments: [String]
    package let body: [UInt8]

    package init(type: String, arguments: [String] = [], body: [UInt8] = []) {
        self.type = type
        self.arguments = arguments
        self.body = body
    }

    /// True if type and arguments are non-empty and of visible ASCII characters, as the format demands.
    var isWellFormed: Bool { ([type] + arguments).allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(Stanza.isVisible) } }

    var isScrypt: Bool { type == ScryptRecipient.stanzaType }

    /// `VCHAR` of RFC 5234.
    static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7e).contains(byte) }

    /// Appends the text of a stanza: a line of words, and the body in lines of 64 characters, the last one shorter and
    /// perhaps empty.
    ///
    /// - Parameter lastWord: a word behind the others that is no text because it may be secret.
    static func encode(
        _ words: [String], lastWord: UnsafeRawBufferPointer? = nil, body: UnsafeRawBufferPointer,
        into text: inout [UInt8]
    ) {
        text += "->".utf8
        for word in words {
            text.append(UInt8(ascii: " "))
            text += word.utf8
        }
        if let lastWord {
            text.append(UInt8(ascii: " "))
            text += lastWord
        }
        var letters = Base64.encode(body, padded: false)
        for start in stride(from: 0, through: letters.count, by: Header.columns) {
            text.append(UInt8(ascii: "\n"))
            text += letters[start..<min(start + Header.columns, letters.count)]
        }
        text.append(UInt8(ascii: "\n"))
        // What goes to a plugin has a file key for its body.
        letters.withUnsafeMutableBytes { explicitZero($0) }
    }
}
