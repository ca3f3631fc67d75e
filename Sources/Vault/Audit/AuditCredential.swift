internal import ResealCore

/// The token that was shown for an action, as it stands at the beginning of a record's detail.
package struct AuditCredential: Sendable, Hashable {
    package let accessor: String
    package let breakGlassReason: String?

    private static let beginning = "token "
    private static let emergency = ", break-glass: "

    init(_ token: TokenRecord) {
        accessor = token.accessor
        breakGlassReason = token.breakGlassReason
    }

    /// The reason reaches to the end of the detail: it may hold any text.
    init?(detail: String) {
        guard detail.hasPrefix(Self.beginning) else { return nil }
        let rest = detail.dropFirst(Self.beginning.count)
        let accessor = rest.prefix { $0.isLetter || $0.isNumber }
        guard !accessor.isEmpty else { return nil }
        self.accessor = String(accessor)
        let behind = rest.dropFirst(accessor.count)
        breakGlassReason =
            behind.hasPrefix(Self.emergency) ? String(behind.dropFirst(Self.emergency.count)) : nil
    }

    var text: String { "\(Self.beginning)\(accessor)\(breakGlassReason.map { Self.emergency + $0 } ?? "")" }
}

extension AuditRecord {
    /// The token of a request to the API; `nil` for one without, and for what was done on this machine.
    package var credential: AuditCredential? { source == "local" ? nil : AuditCredential(detail: detail) }

    /// Of what the record is about; `nil` for the vault itself.
    package var organization: String? {
        guard let slash = subject.firstIndex(of: "/"), let dot = subject[..<slash].firstIndex(of: ".") else {
            return nil
        }
        return String(subject[subject.index(after: dot)..<slash])
    }
}
