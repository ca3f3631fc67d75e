import ResealCore
import TestSupport
import Testing

extension Installation {
    /// Runs `reseal` and compares exit status and output.
    ///
    /// - Parameters:
    ///   - prints: parts of standard output.
    ///   - notes: parts of standard error; `nil` expects it to be empty.
    @discardableResult
    func expect(
        _ arguments: String..., exits status: Int32 = 0, prints: [String] = [], notes: [String]? = [],
        stdin: String = "", variables: [String: String?] = [:], in directory: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Command.Result {
        let result = try reseal(arguments, stdin: Array(stdin.utf8), variables: variables, directory: directory)
        let story = "reseal \(arguments.joined(separator: " ")): \(result.text) / \(result.errorText)"
        #expect(result.status == status, "\(story)", sourceLocation: sourceLocation)
        for part in prints {
            #expect(result.text.contains(part), "\(part) is missing; \(story)", sourceLocation: sourceLocation)
        }
        for part in notes ?? [] {
            #expect(result.errorText.contains(part), "\(part) is missing; \(story)", sourceLocation: sourceLocation)
        }
        if notes == nil { #expect(result.errorText == "", "\(story)", sourceLocation: sourceLocation) }
        return result
    }

    /// Runs a command that must succeed with one JSON document and nothing else on its outputs.
    ///
    /// - Parameter members: exactly these the document, or each item of a list, must have.
    @discardableResult
    func expectJSON(
        _ arguments: String..., exits status: Int32 = 0, members: Set<String>, stdin: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let result = try reseal(arguments, stdin: Array(stdin.utf8))
        #expect(result.status == status, "\(result.text) \(result.errorText)", sourceLocation: sourceLocation)
        let document = try JSON(parsing: result.stdout)
        for item in document.arrayValue ?? [document] {
            #expect(Set((item.objectValue ?? [:]).keys) == members, sourceLocation: sourceLocation)
        }
        return document
    }

    /// Runs a command that must fail, as text and with `--json`: message with code and hint, the same exit status.
    ///
    /// - Parameter place: `file:line:column` that the message begins with.
    @discardableResult
    func expectFailure(
        _ arguments: String..., exits status: Int32 = 1, code: String, place: String? = nil, stdin: String = "",
        variables: [String: String?] = [:], hasJSON: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Command.Result {
        let text = try reseal(arguments, stdin: Array(stdin.utf8), variables: variables)
        let story = "reseal \(arguments.joined(separator: " ")): \(text.text) / \(text.errorText)"
        #expect(text.status == status, "\(story)", sourceLocation: sourceLocation)
        #expect(text.errorText.contains("error: "), "\(story)", sourceLocation: sourceLocation)
        // The parser's own messages end with the usage instead, and those of the schema say what is expected.
        let isExplained = ["\n  hint: ", "\nUsage: ", " must be "].contains { text.errorText.contains($0) }
        #expect(isExplained, "no hint; \(story)", sourceLocation: sourceLocation)
        // The parser's messages have no code, and neither has a list of several findings as a whole.
        if !["usage", "input.invalid"].contains(code) {
            #expect(text.errorText.contains("[\(code)]"), "\(story)", sourceLocation: sourceLocation)
        }
        if let place {
            let places = ["\(place): error: ", "\(place) (commit "]
            #expect(places.contains { text.errorText.contains($0) }, "\(story)", sourceLocation: sourceLocation)
        }
        guard hasJSON else { return text }
        let json = try reseal(arguments + ["--json"], stdin: Array(stdin.utf8), variables: variables)
        #expect(json.status == status, "\(json.text) \(json.errorText)", sourceLocation: sourceLocation)
        try expectErrorDocument(json.stdout, code: code, place: place, sourceLocation)
        return text
    }

    private func expectErrorDocument(
        _ bytes: [UInt8], code: String, place: String?, _ sourceLocation: SourceLocation
    ) throws {
        let document = try JSON(parsing: bytes)
        let error = try #require(document["error"], "\(document.canonical)", sourceLocation: sourceLocation)
        #expect(error["code"]?.stringValue == code, "\(document.canonical)", sourceLocation: sourceLocation)
        #expect(error["message"]?.stringValue?.isEmpty == false, sourceLocation: sourceLocation)
        let diagnostics = try #require(document["diagnostics"]?.arrayValue, sourceLocation: sourceLocation)
        #expect(!diagnostics.isEmpty, sourceLocation: sourceLocation)
        for diagnostic in diagnostics {
            #expect(
                Set((diagnostic.objectValue ?? [:]).keys) == ["severity", "code", "message", "hint", "position"],
                sourceLocation: sourceLocation)
            let isExplained = diagnostic["hint"]?.stringValue != nil || diagnostic["position"]?.objectValue != nil
            #expect(isExplained, "\(diagnostic.canonical)", sourceLocation: sourceLocation)
        }
        guard let place else { return }
        let places = diagnostics.compactMap { diagnostic -> String? in
            guard let position = diagnostic["position"], let file = position["file"]?.stringValue,
                let line = position["line"]?.integerValue, let column = position["column"]?.integerValue
            else { return nil }
            return "\(file):\(line):\(column)"
        }
        #expect(places.contains(place), "\(places)", sourceLocation: sourceLocation)
    }

    /// What of the vault can be compared: every secret, every version, every value, and the serial.
    func vaultState() throws -> String {
        let list = try check("list", "--deleted", "--json").text
        let names = (try JSON(parsing: Array(list.utf8)).arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        var state = [list, try serial()]
        for name in names {
            state.append(try check("versions", name, "--json").text)
            state.append(try reseal(["get", name]).text)
        }
        return state.joined(separator: "\n")
    }

    func serial() throws -> String {
        let status = try JSON(parsing: try check("status", "--json").stdout)
        return status["vault_serial"]?.integerValue.map { "\($0)" } ?? "?"
    }
}
