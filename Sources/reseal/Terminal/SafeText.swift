/// Text that came from a repository, made harmless for a terminal or a page.
enum SafeText {
    /// Control characters, line breaks, invisible characters and those that turn the direction of text become visible
    /// escapes; so does one character of `::` and `##`: a name can neither move the cursor nor be taken for a command by
    /// the log of a CI system.
    static func line(_ text: String) -> String {
        var out = ""
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a: out += "\\n"
            case 0x0d: out += "\\r"
            case 0x09: out += "\\t"
            case _ where isHidden(scalar.value) || isDoubled(scalar, previous):
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
            previous = scalar
        }
        return out
    }

    /// Two of these in a row begin a command in the logs of GitHub and Azure.
    private static func isDoubled(_ scalar: Unicode.Scalar, _ previous: Unicode.Scalar?) -> Bool {
        scalar == previous && (scalar == ":" || scalar == "#")
    }

    private static func isHidden(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0xad, 0x61c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff,
            0xfff9...0xfffb, 0xe0000...0xe007f:
            true
        default: false
        }
    }

    /// For the middle of a Markdown table or sentence. Goes by scalars, for Markdown does: a `|` with an accent on it is
    /// still the end of a cell.
    static func markdown(_ text: String) -> String {
        var out = ""
        for scalar in line(text).unicodeScalars {
            switch scalar {
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "&": out += "&amp;"
            case "|", "*", "_", "`", "[", "]", "\\", "#", "~", "@", ":", "$":
                out += "\\"
                out.unicodeScalars.append(scalar)
            // Forges make links of bare addresses.
            case "." where out.suffix(3).lowercased() == "www": out += "\\."
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// As ``line(_:)`` for text of several lines, whose line breaks are ours.
    static func lines(_ text: some StringProtocol) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line(String($0)) }.joined(separator: "\n")
    }
}
