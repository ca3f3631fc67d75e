internal import ResealCore

extension YAMLEventParser.Problem {
    /// The error as a finding. `context` is the offset of the construct that libyaml was in.
    func diagnostic(in source: SourceText, at offset: Int, context contextOffset: Int) -> Diagnostic {
        var message = text
        if let context, contextOffset < offset {
            message += " \(context) (line \(source.position(of: contextOffset).line))"
        } else if let context {
            message += " \(context)"
        }
        return Diagnostic(code: "yaml.syntax", message, hint: hint(source, offset), at: source.span(at: offset))
    }

    private func hint(_ source: SourceText, _ offset: Int) -> String? {
        let byte = offset < source.bytes.count ? source.bytes[offset] : 0
        if byte == UInt8(ascii: "\t") || text.contains("tab character") { return "indent with spaces, not with tabs" }
        return Self.hints.first { text.contains($0.part) }?.hint
    }

    private static let hints: [(part: String, hint: String)] = [
        ("cannot start any token", "quote a value that begins with this character"),
        ("mapping values are not allowed", "quote a value that holds `: `, or check the indent of this line"),
        ("could not find expected ':'", "a key needs a `:` behind it; text of several lines needs `|` and an indent"),
        ("did not find expected key", "check the indent of this line against the lines above it"),
        ("did not find expected '-'", "check the indent of this line against the lines above it"),
        ("did not find expected ',' or", "close the bracket, and separate its items by commas"),
        ("unexpected end of stream", "a quote that opens above is not closed"),
        ("unexpected document indicator", "a quote that opens above is not closed"),
        ("block sequence entries are not allowed", "put the `-` on a line of its own"),
        ("undefined tag handle", "use plain YAML without tags"),
        ("incompatible YAML document", "leave out the %YAML line"),
    ]
}
