internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// What was sealed where, and for how many.
enum SealingView {
    static func show(_ sealed: [SealedLeaf], asList: Bool, what: String = "sealed", json: Bool) {
        guard json else { return sealed.forEach { Terminal.note(text($0, what)) } }
        let documents = sealed.map { leaf -> JSON in
            var members: [String: JSON] = [
                "file": .string(leaf.path), "counter": .integer(leaf.counter),
                "recipients": .array(leaf.recipients.map { .string($0) }),
            ]
            if asList {
                members["secret"] = .string(leaf.leaf.secret.name)
                members["organization"] = .string(leaf.leaf.secret.organization)
                members["field"] = .string(leaf.leaf.field.description)
            }
            return .object(members)
        }
        Terminal.print(asList ? JSON.array(documents).canonical : documents.map(\.canonical).joined(separator: "\n"))
    }

    static func text(_ sealed: SealedLeaf, _ what: String = "sealed") -> String {
        let field = sealed.leaf.field.description
        let place = SafeText.line("\(sealed.leaf.secret)\(field.isEmpty ? "" : " \(field)") into \(sealed.path)")
        return "\(what) \(place) for \(sealed.recipients.count) recipient(s), counter \(sealed.counter)"
    }
}
