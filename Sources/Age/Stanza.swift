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
}
