package import ResealCore

/// An event in the forms that are sent.
package struct NotificationMessage: Sendable {
    package let event: NotificationEvent
    /// The same for every attempt, so that a receiver knows what it has seen.
    package let id: String

    package init(_ event: NotificationEvent, id: String) {
        self.event = event
        self.id = id
    }

    /// One sentence for people.
    package var sentence: String {
        let name = event.name
        let code = event.code.map { " [\($0)]" } ?? ""
        switch event.kind {
        case .applied:
            let commit = event.commit?.short ?? "none"
            return "the vault holds commit \(commit) of source \(name): \(event.count ?? 0) changes"
        case .failed: return "source \(name) cannot be applied\(code)"
        case .refused: return "source \(name) was refused and waits for a person\(code)"
        case .recovered: return "source \(name) is applied again"
        case .drifted: return "secrets of source \(name) were changed in the vault by hand"
        case .rotated: return "secret \(name) was rotated"
        case .rotationFailed: return "the rotation of secret \(name) failed\(code)"
        case .expiring: return "secret \(name) expires at \(event.expiresAt?.description ?? "")"
        case .expired: return "secret \(name) expired at \(event.expiresAt?.description ?? "")"
        case .alert:
            let what = [event.actor, event.action].compactMap { $0 }.joined(separator: " ")
            return "alert \(name): \(what), audit record \(event.record ?? 0)"
        case .test: return "a test of notifier \(name)"
        }
    }

    /// For programs.
    package var json: JSON {
        var members: [String: JSON] = [
            "apiVersion": "reseal.dev/notification/v1", "id": .string(id), "event": .string(event.kind.rawValue),
            "severity": .string(event.severity.rawValue), "time": .string(event.at.description),
            "message": .string(sentence),
        ]
        switch event.subject {
        case .secret: members["secret"] = .string(event.name)
        case .source: members["source"] = .string(event.name)
        case .notifier: members["notifier"] = .string(event.name)
        case .alert: members["alert"] = .string(event.name)
        }
        members["organization"] = event.organization.map(JSON.string)
        members["code"] = event.code.map(JSON.string)
        members["commit"] = event.commit.map { .string($0.description) }
        members["expires_at"] = event.expiresAt.map { .string($0.description) }
        members["principal"] = event.actor.map(JSON.string)
        members["action"] = event.action.map(JSON.string)
        members["audit_record"] = event.record.map { .integer($0) }
        members["count"] = event.count.map { .integer(Int64($0)) }
        return .object(members)
    }

    // MARK: Templates

    package static let defaultTemplate = "[{{severity}}] {{message}} ({{event}})"

    /// Fills in a template. Manifests with other names in braces are refused, so what is unknown here stays as it is.
    package func filling(_ template: String) -> String {
        var parts = template.split(separator: "{{", omittingEmptySubsequences: false).map(String.init)[...]
        var text = parts.popFirst() ?? ""
        for part in parts {
            guard let end = part.firstRange(of: "}}"), let value = placeholder(String(part[..<end.lowerBound])) else {
                text += "{{" + part
                continue
            }
            text += value + part[end.upperBound...]
        }
        return text
    }

    private func placeholder(_ name: String) -> String? {
        switch name {
        case "code": event.code ?? ""
        case "commit": event.commit?.description ?? ""
        case "event": event.kind.rawValue
        case "expires": event.expiresAt?.description ?? ""
        case "message": sentence
        case "name": event.name
        case "organization": event.organization ?? ""
        case "severity": event.severity.rawValue
        case "source": if case .source(let name) = event.subject { name } else { "" }
        case "time": event.at.description
        default: nil
        }
    }
}
