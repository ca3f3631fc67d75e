internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// What is made of a value before it is written.
enum TemplateFilter: Sendable, Equatable {
    case json, base64, shell, url, trim
    case indent(Int)

    static let names = ["base64", "indent", "json", "shell", "trim", "url"]

    /// `nil` for an unknown name; the number is for `indent` alone.
    init?(_ name: String, number: Int?) {
        switch (name, number) {
        case ("json", nil): self = .json
        case ("base64", nil): self = .base64
        case ("shell", nil): self = .shell
        case ("url", nil): self = .url
        case ("trim", nil): self = .trim
        case ("indent", let count?): self = .indent(count)
        default: return nil
        }
    }

    /// Throws ``TemplateValueProblem`` for what cannot be written in that form.
    func apply(to bytes: SecretBytes) throws(TemplateValueProblem) -> SecretBytes {
        switch self {
        case .json:
            guard bytes.isUTF8 else { throw TemplateValueProblem("is no text", hint: "put `base64` before `json`") }
            return Self.build(6 * bytes.count + 2, bytes) { JSON.quote($0, to: &$1) }
        case .base64:
            return Self.build(0, bytes) { $1 = Base64.encode($0, padded: true) }
        case .shell:
            guard !bytes.withUnsafeBytes({ $0.contains(0) }) else {
                throw TemplateValueProblem("has a NUL byte, which no shell takes", hint: "use `base64`")
            }
            return Self.build(4 * bytes.count + 2, bytes, Self.quoteForShell)
        case .url: return PercentEncoding.encode(bytes)
        case .trim:
            let end = bytes.withUnsafeBytes { content in
                content.lastIndex { ![0x0a, 0x0d, 0x20, 0x09].contains($0) }.map { $0 + 1 } ?? 0
            }
            return bytes.slice(0..<end)
        case .indent(let count):
            return Self.build((count + 1) * bytes.count, bytes) { content, out in
                for byte in content {
                    out.append(byte)
                    if byte == 0x0a { for _ in 0..<count { out.append(0x20) } }
                }
            }
        }
    }

    /// - Parameter bound: what the result never exceeds: growing would leave a copy behind.
    private static func build(
        _ bound: Int, _ bytes: SecretBytes, _ body: (UnsafeRawBufferPointer, inout [UInt8]) -> Void
    ) -> SecretBytes {
        var out: [UInt8] = []
        out.reserveCapacity(bound)
        bytes.withUnsafeBytes { body($0, &out) }
        return SecretBytes(consuming: &out)
    }

    /// Within single quotes a shell takes everything as it is but the quote itself.
    private static func quoteForShell(_ content: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
        let quote = UInt8(ascii: "'")
        out.append(quote)
        for byte in content {
            if byte == quote { out += [quote, UInt8(ascii: "\\"), quote] }
            out.append(byte)
        }
        out.append(quote)
    }
}

/// Why a value cannot be written as it was asked for.
struct TemplateValueProblem: Error {
    let text: String
    let hint: String

    init(_ text: String, hint: String) {
        self.text = text
        self.hint = hint
    }
}
