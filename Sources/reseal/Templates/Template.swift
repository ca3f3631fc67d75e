internal import ResealCore

/// A file with places where values go. Holds no value itself.
struct Template: Sendable {
    /// What stands between `{{` and `}}`.
    struct Action: Sendable {
        enum Subject: Sendable {
            case secret(SecretReference)
            case text(String)
        }
        let subject: Subject
        let filters: [TemplateFilter]
        let span: SourceSpan
    }

    enum Part: Sendable {
        case text(String)
        case action(Action)
    }

    static let maximumBytes = 1 << 20

    let parts: [Part]

    /// Every secret that is asked for, in order of appearance.
    var ids: [SecretID] {
        parts.compactMap { part in
            guard case .action(let action) = part, case .secret(let reference) = action.subject else { return nil }
            return reference.id
        }
    }

    /// Throws ``DiagnosticsFailure`` with everything that is wrong in the file.
    static func load(_ path: String, organization: OrganizationOption) throws -> Template {
        let bytes = try AtomicFile.read(path, limit: maximumBytes)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DiagnosticsFailure([
                Diagnostic(code: TemplateFailure.syntax, "the template is no UTF-8 text", at: SourceSpan(file: path))
            ])
        }
        var parser = TemplateParser(text, file: path, organization: organization)
        let parts = parser.parse()
        guard parser.problems.isEmpty else { throw DiagnosticsFailure(parser.problems) }
        return Template(parts: parts)
    }
}

/// Codes of what can go wrong with templates.
enum TemplateFailure {
    /// The template breaks the rules of the language.
    static let syntax = "template.syntax"
    /// A value cannot stand where it is asked for.
    static let value = "template.value"
}
