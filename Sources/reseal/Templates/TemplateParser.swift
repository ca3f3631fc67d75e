internal import ResealCore

/// Reads the language of templates: text, and between `{{` and `}}` a value with filters, or behind `{{#` a comment.
struct TemplateParser {
    private static let example = #"for example {{ secret "prod/orders-db" "password" | json }}"#
    private static let largestIndent = 64
    private static let maximumProblems = 20

    private let file: String
    private let organization: OrganizationOption
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    private var column = 1
    private(set) var problems: [Diagnostic] = []

    /// Ends an action that cannot be understood.
    private struct Broken: Error {}

    init(_ text: String, file: String, organization: OrganizationOption) {
        scalars = Array(text.unicodeScalars)
        self.file = file
        self.organization = organization
    }

    mutating func parse() -> [Template.Part] {
        var parts: [Template.Part] = []
        var text = String.UnicodeScalarView()
        while let scalar = peek, problems.count < Self.maximumProblems {
            guard starts(with: "{{") else {
                text.append(scalar)
                advance()
                continue
            }
            if !text.isEmpty { parts.append(.text(String(text))) }
            text = String.UnicodeScalarView()
            do {
                if let action = try action() { parts.append(.action(action)) }
            } catch {
                skipAction()
            }
        }
        if !text.isEmpty { parts.append(.text(String(text))) }
        return parts
    }

    // MARK: Actions

    /// `nil` for a comment.
    private mutating func action() throws(Broken) -> Template.Action? {
        let span = here
        advance(2)
        if peek == "#" {
            while peek != nil, !starts(with: "}}") { advance() }
            try close(span)
            return nil
        }
        skipSpace()
        let subject = try subject()
        var filters: [TemplateFilter] = []
        skipSpace()
        while peek == "|" {
            advance()
            skipSpace()
            filters.append(try filter())
            skipSpace()
        }
        try close(span)
        return Template.Action(subject: subject, filters: filters, span: span)
    }

    private mutating func close(_ start: SourceSpan) throws(Broken) {
        guard peek != nil else { throw report("`{{` is not closed", hint: "write `}}`", at: start) }
        guard starts(with: "}}") else {
            throw report("`}}` or a filter is missing here", hint: Self.example)
        }
        advance(2)
    }

    private mutating func subject() throws(Broken) -> Template.Action.Subject {
        if peek == "\"" { return .text(try text()) }
        let span = here
        let word = word()
        guard word == "secret" else {
            throw report(
                word.isEmpty ? "no value is named here" : "there is no `\(word.prefix(40))`",
                hint: NearestName.suggestion(for: word, in: ["secret"]).map { "did you mean `\($0)`?" } ?? Self.example,
                at: span)
        }
        skipSpace()
        let place = here
        guard peek == "\"" else { throw report("`secret` needs a name in quotes", hint: Self.example) }
        let name = try text()
        skipSpace()
        let field = peek == "\"" ? try text() : nil
        let id: SecretID
        do { id = try organization.id(name) } catch {
            let failure = UnexpectedFailure.wrapping(error)
            throw report(failure.message, hint: failure.hint, at: place)
        }
        return .secret(SecretReference(id, field: field))
    }

    private mutating func filter() throws(Broken) -> TemplateFilter {
        let span = here
        let name = word()
        skipSpace()
        var digits = ""
        while let scalar = peek, ("0"..."9").contains(scalar), digits.count < 4 {
            digits.unicodeScalars.append(scalar)
            advance()
        }
        if let filter = TemplateFilter(name, number: Int(digits)) {
            guard case .indent(let count) = filter, count > Self.largestIndent else { return filter }
            throw report("`indent` takes \(Self.largestIndent) at most", hint: "for example `indent 4`", at: span)
        }
        guard TemplateFilter.names.contains(name) else {
            throw report(
                "there is no filter `\(name.prefix(40))`",
                hint: NearestName.suggestion(for: name, in: TemplateFilter.names).map { "did you mean `\($0)`?" }
                    ?? "one of \(TemplateFilter.names.joined(separator: ", "))", at: span)
        }
        throw report(
            name == "indent" ? "`indent` needs a number" : "`\(name)` takes no number", hint: "for example `indent 4`",
            at: span)
    }

    /// A text in quotes; `\"`, `\\`, `\n` and `\t` within.
    private mutating func text() throws(Broken) -> String {
        let start = here
        advance()
        var text = ""
        while let scalar = peek, scalar != "\n" {
            advance()
            switch scalar {
            case "\"": return text
            case "\\":
                let escapes: [Unicode.Scalar: Unicode.Scalar] = ["\"": "\"", "\\": "\\", "n": "\n", "t": "\t"]
                guard let escaped = peek.flatMap({ escapes[$0] }) else {
                    throw report("unknown escape", hint: #"one of \" \\ \n \t"#)
                }
                text.unicodeScalars.append(escaped)
                advance()
            default: text.unicodeScalars.append(scalar)
            }
        }
        throw report("the text in quotes has no end on its line", hint: "write `\"` behind it", at: start)
    }

    // MARK: Characters

    private var here: SourceSpan { SourceSpan(file: file, line: line, column: column) }
    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func starts(with text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < scalars.count {
            if scalars[position] == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
            position += 1
        }
    }

    private mutating func skipSpace() {
        while let scalar = peek, scalar.properties.isWhitespace { advance() }
    }

    private mutating func word() -> String {
        var word = ""
        while let scalar = peek,
            scalar.properties.isAlphabetic || scalar == "_" || scalar == "-"
                || (!word.isEmpty && ("0"..."9").contains(scalar))
        {
            word.unicodeScalars.append(scalar)
            advance()
        }
        return word
    }

    /// To behind the end of a broken action, but not over the end of its line, behind which there may be more to report.
    private mutating func skipAction() {
        while let scalar = peek, scalar != "\n", !starts(with: "}}") { advance() }
        if starts(with: "}}") { advance(2) }
    }

    private mutating func report(_ message: String, hint: String?, at span: SourceSpan? = nil) -> Broken {
        problems.append(Diagnostic(code: TemplateFailure.syntax, message, hint: hint, at: span ?? here))
        return Broken()
    }
}
