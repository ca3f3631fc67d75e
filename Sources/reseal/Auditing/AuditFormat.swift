internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// The forms in which records leave the vault.
enum AuditFormat: String, Sendable, CaseIterable {
    /// As `reseal audit list --json` prints them.
    case reseal
    /// Elastic Common Schema.
    case ecs
    /// Open Cybersecurity Schema Framework, class API Activity.
    case ocsf

    func document(_ record: AuditRecord) -> JSON {
        switch self {
        case .reseal: record.document
        case .ecs: Self.ecs(record)
        case .ocsf: Self.ocsf(record)
        }
    }

    private static func ecs(_ record: AuditRecord) -> JSON {
        let action = record.action
        let event: [String: JSON?] = [
            "action": .string(action.rawValue), "category": .array(action.ecsCategories.map(JSON.string)),
            "dataset": "reseal.audit", "hash": .string(record.hash.description), "id": .string("\(record.sequence)"),
            "kind": "event", "module": "reseal", "outcome": record.result == .ok ? "success" : "failure",
            "provider": "reseal", "reason": text(record.detail), "sequence": .integer(record.sequence),
            "type": record.result == .refused ? [.string(action.ecsType), "denied"] : [.string(action.ecsType)],
        ]
        let own: [String: JSON?] = [
            "commit": record.commit.map { .string($0.description) }, "result": .string(record.result.rawValue),
            "subject": text(record.subject), "token_accessor": record.credential.map { .string($0.accessor) },
            "version": record.version.map { .integer($0) },
        ]
        return object([
            "@timestamp": .string(record.at.description), "ecs": ["version": "8.17.0"], "event": object(event),
            "http": ["request": ["id": .string(record.requestID)]],
            "organization": record.organization.map { ["name": .string($0)] },
            "related": ["user": [.string(record.principal.description)]], "reseal": object(own),
            "service": ["name": "reseal"],
            "source": record.address.map { ["address": .string($0), "ip": .string($0)] },
            "user": ["name": .string(record.principal.description)],
            "user_agent": text(record.userAgent).map { ["original": $0] },
        ])
    }

    private static func ocsf(_ record: AuditRecord) -> JSON {
        let (classID, activity) = (Int64(6003), record.action.ocsfActivity)
        let actor: [String: JSON?] = [
            "session": record.credential.map { ["uid": .string($0.accessor)] },
            "user": ["name": .string(record.principal.description)],
        ]
        let resource = [
            "name": text(record.subject), "type": .string(String(record.subject.prefix { $0 != "." })),
            "version": record.version.map { .string("\($0)") },
        ]
        return object([
            "activity_id": .integer(activity), "actor": object(actor),
            "api": [
                "operation": .string(record.action.rawValue), "request": ["uid": .string(record.requestID)],
                "service": ["name": "reseal"],
            ],
            "category_uid": 6, "class_uid": .integer(classID),
            "http_request": text(record.userAgent).map { ["user_agent": $0] },
            "metadata": [
                "event_code": .string(record.action.rawValue), "product": ["name": "Reseal", "vendor_name": "Reseal"],
                "sequence": .integer(record.sequence), "uid": .string("\(record.sequence)"), "version": "1.6.0",
            ],
            "resources": record.subject.isEmpty ? nil : [object(resource)],
            "severity_id": record.result == .ok ? 1 : 2,
            "src_endpoint": record.address.map { ["ip": .string($0)] } ?? ["name": .string(record.source)],
            "status": record.result == .ok ? "Success" : "Failure", "status_code": .string(record.result.rawValue),
            "status_detail": text(record.detail), "status_id": record.result == .ok ? 1 : 2,
            "time": .integer(record.at.milliseconds), "type_uid": .integer(classID * 100 + activity),
            "unmapped": object([
                "commit": record.commit.map { .string($0.description) }, "hash": .string(record.hash.description),
            ]),
        ])
    }

    /// What a record does not have is left out: readers of these forms know no null.
    private static func object(_ members: [String: JSON?]) -> JSON { .object(members.compactMapValues { $0 }) }

    private static func text(_ text: String) -> JSON? { text.isEmpty ? nil : .string(text) }
}

extension AuditRecord {
    /// Where it came from, if that is an address of a network.
    fileprivate var address: String? { source == "local" || source.isEmpty ? nil : source }
}

extension AuditAction {
    /// The schema allows of each category certain types only; `api` has all that are used here.
    fileprivate var ecsCategories: [String] {
        switch self {
        case .authenticate, .login: ["api", "authentication"]
        case _ where rawValue.hasPrefix("token."): ["api", "iam"]
        default: ["api"]
        }
    }

    private var verb: Substring {
        rawValue[(rawValue.lastIndex(of: ".").map(rawValue.index(after:)) ?? rawValue.startIndex)...]
    }

    fileprivate var ecsType: String {
        switch verb {
        case "authenticate", "login": "start"
        case "create", "init", "define", "break-glass", "wrap": "creation"
        case "delete", "destroy", "undefine", "revoke": "deletion"
        case "read", "list", "plan", "lookup", "unwrap": "access"
        default: "change"
        }
    }

    /// Create 1, Read 2, Update 3, Delete 4, Other 99.
    fileprivate var ocsfActivity: Int64 {
        switch ecsType {
        case "creation": 1
        case "access": 2
        case "change": 3
        case "deletion": 4
        default: 99
        }
    }
}
