/// Text that came from a repository, made harmless for a terminal or a page.
enum SafeText {
    /// Control characters, line breaks and bidirectional overrides become visible escapes: a name can neither move the
    /// cursor nor start a line that CI takes for a command.
    static func line(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a: out += "\\n"
            case 0x0d: out += "\\r"
            case 0x09: out += "\\t"
            case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069:
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// As ``line(_:)`` for text of several lines, whose line breaks are ours.
    static func lines(_ text: some StringProtocol) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line(String($0)) }.joined(separator: "\n")
    }

    /// For the middle of a Markdown table or sentence.
    static func markdown(_ text: String) -> String {
        var out = ""
        for character in line(text) {
            switch character {
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "&": out += "&amp;"
            case "|", "*", "_", "`", "[", "]", "\\", "#", "~", "@", ":": out += "\\\(character)"
            default: out.append(character)
            }
        }
        return out
    }
}
