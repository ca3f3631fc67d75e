internal import ResealSealing

/// The name of a plugin: letters, digits and `-_.+`, in lower case. It has no path separator, so that it names a program
/// in PATH and nothing else.
struct PluginName: Sendable, Hashable, CustomStringConvertible {
    /// The first bytes of the texts of recipients and identities that belong to plugins.
    private static let recipientStart = "age1"
    private static let identityStart = "AGE-PLUGIN-"

    let description: String

    /// `nil` for anything that cannot be the name of a plugin; upper case is read as lower case.
    init?(_ text: String) {
        let name = text.lowercased()
        let isValid = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-_.+".utf8.contains($0)
            }
        }
        guard isValid, (1...64).contains(name.utf8.count) else { return nil }
        description = name
    }

    /// The plugin of a recipient `age1NAME1…`; `nil` for text that is no such recipient.
    init?(ofRecipient text: String) {
        guard let start = Array(text.utf8).withUnsafeBytes(Bech32.humanReadablePart),
            start.hasPrefix(Self.recipientStart)
        else { return nil }
        self.init(String(start.dropFirst(Self.recipientStart.count)))
    }

    /// The plugin of an identity `AGE-PLUGIN-NAME-1…`; `nil` for text that is no such identity.
    init?(ofIdentity text: SecretBytes) {
        guard let start = text.withUnsafeBytes(Bech32.humanReadablePart), start.hasPrefix(Self.identityStart),
            start.hasSuffix("-")
        else { return nil }
        self.init(String(start.dropFirst(Self.identityStart.count).dropLast()))
    }

    /// The identity of the plugin that says nothing but which plugin it is.
    var identityWithoutData: SecretBytes {
        let start = Array("\(Self.identityStart)\(description.uppercased())-".utf8)
        return start.withUnsafeBytes { start in
            SecretBytes(count: Bech32.encodedCount(prefix: start, bytes: 0)) { text in
                Bech32.encode(UnsafeRawBufferPointer(start: nil, count: 0), prefix: start, into: text)
            }
        }
    }

    /// The name of its program.
    var program: String { "age-plugin-\(description)" }
}
