internal import ResealCore

/// The field that `seal` and `set` write.
enum FieldOption {
    /// `nil` means the whole value.
    static func path(_ text: String?) throws -> FieldPath {
        guard let text else { return .whole }
        guard let path = FieldPath(text), path != .whole, path.segments.allSatisfy(isName) else {
            throw UsageFailure(
                "`\(text)` is no field name", hint: "for example password, or tls.key for `key` within `tls`")
        }
        return path
    }

    /// The rule that manifests follow too.
    static func isName(_ segment: String) -> Bool {
        (1...128).contains(segment.utf8.count)
            && !segment.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
    }

    /// What a hidden prompt asks for.
    static func question(_ name: String, _ field: String?) -> String {
        "Value of \(name)\(field.map { " \($0)" } ?? "")"
    }
}
