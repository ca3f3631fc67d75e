/// The kinds of manifest (`kind:` in a document).
package enum ResourceKind: String, Sendable, CaseIterable, Codable {
    case repository = "Repository"
    case recipients = "Recipients"
    case role = "Role"
    case connection = "Connection"
    case secret = "Secret"
    case dynamicSecret = "DynamicSecret"
    case syncTarget = "SyncTarget"
    case notifier = "Notifier"
    case alertRule = "AlertRule"
    case backupPolicy = "BackupPolicy"
}

/// Names of secrets and other resources: one or more segments of lower-case letters, digits, `.`, `_`, `-`, joined by
/// `/`; 255 bytes at most. A segment is never `.` or `..`, so that a name is always safe as a path.
package enum ResourceName {
    package static let maximumBytes = 255
    /// The same rule as a regular expression, for JSON Schema.
    package static let pattern = #"^(?!.*(^|/)\.{1,2}(/|$))[a-z0-9._-]+(/[a-z0-9._-]+)*$"#

    /// For an organization, which is a single segment: else `a/b` with the name `c` could not be told from `a` with the
    /// name `b/c` in an address.
    package static let organizationPattern = #"^(?!\.{1,2}$)[a-z0-9._-]+$"#

    /// What is wrong with `text`, or `nil` if it is a valid name.
    package static func problem(_ text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > maximumBytes { return "is longer than \(maximumBytes) characters" }
        if isPlain(text) { return nil }
        for segment in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if segment.isEmpty { return "has an empty segment" }
            if segment.allSatisfy({ $0 == UInt8(ascii: ".") }), segment.count <= 2 {
                return "has the segment `.` or `..`"
            }
            if !segment.allSatisfy(isAllowed) {
                return "may only hold lower-case letters, digits, `.`, `_`, `-` and `/`"
            }
        }
        return nil
    }

    /// As ``problem(_:)``, for an organization.
    package static func organizationProblem(_ text: String) -> String? {
        problem(text) ?? (text.utf8.contains(UInt8(ascii: "/")) ? "may not hold `/`" : nil)
    }

    /// True for a name without dots and empty segments, which needs no closer look: as good as every one.
    private static func isPlain(_ text: String) -> Bool {
        var last = UInt8(ascii: "/")
        for byte in text.utf8 {
            let isSlash = byte == UInt8(ascii: "/")
            guard isSlash ? last != UInt8(ascii: "/") : isAllowed(byte) && byte != UInt8(ascii: ".") else {
                return false
            }
            last = byte
        }
        return last != UInt8(ascii: "/")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Names one secret: its path within an organization.
public struct SecretID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The organization that a manifest belongs to when it names none.
    public static let defaultOrganization = "default"

    /// The hard wall: nothing of one organization is visible in another.
    public let organization: String
    /// For example `prod/orders-db`.
    public let name: String

    /// Does not check the name; see ``SecretID/init(validating:organization:)``.
    public init(_ name: String, organization: String = SecretID.defaultOrganization) {
        self.organization = organization
        self.name = name
    }

    /// Throws ``NameFailure`` when a part breaks the naming rules.
    public init(validating name: String, organization: String = SecretID.defaultOrganization) throws {
        if let problem = ResourceName.problem(name) { throw NameFailure(what: "name", text: name, problem: problem) }
        if let problem = ResourceName.organizationProblem(organization) {
            throw NameFailure(what: "organization", text: organization, problem: problem)
        }
        self.init(name, organization: organization)
    }

    /// The name; with `organization:` in front unless it is the default one.
    public var description: String {
        organization == Self.defaultOrganization ? name : "\(organization):\(name)"
    }

    /// By organization, then by name.
    public static func < (a: SecretID, b: SecretID) -> Bool {
        (a.organization, a.name) < (b.organization, b.name)
    }
}

/// A name that breaks the rules of ``ResourceName``.
package struct NameFailure: UserFacingFailure, CustomStringConvertible {
    let what: String
    let text: String
    let problem: String

    package var code: String { "name.invalid" }
    package var message: String { "the \(what) `\(String(text.prefix(80)))` \(problem)" }
    package var hint: String? { "for example prod/orders-db" }
}

/// Names one resource of any kind.
package struct ResourceKey: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let kind: ResourceKind
    package let organization: String
    package let name: String

    package init(_ kind: ResourceKind, _ name: String, organization: String = SecretID.defaultOrganization) {
        self.kind = kind
        self.organization = organization
        self.name = name
    }

    package init(_ id: SecretID) { self.init(.secret, id.name, organization: id.organization) }

    package var secretID: SecretID { SecretID(name, organization: organization) }

    /// `<kind>.<organization>/<name>`, the address of plans.
    package var description: String { "\(kind.rawValue).\(organization)/\(name)" }

    package static func < (a: ResourceKey, b: ResourceKey) -> Bool {
        (a.kind.rawValue, a.organization, a.name) < (b.kind.rawValue, b.organization, b.name)
    }
}

/// Who an action is attributed to, or granted to: `user:alice`, `service:orders`, `role:sre`, or `*` for everyone.
public struct Principal: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The text before the colon.
    public enum Kind: String, Sendable, CaseIterable { case user, service, role }

    /// The whole text, for example `user:alice`.
    public let description: String

    /// `nil` unless `text` is `*`, or a known kind, a colon and 1 to 255 letters, digits or `._-@/+`.
    public init?(_ text: String) {
        guard text != "*" else {
            description = text
            return
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), Kind(rawValue: String(text[..<colon])) != nil
        else { return nil }
        let name = text.utf8[colon...].dropFirst()
        guard (1...255).contains(name.count), name.allSatisfy(Self.isAllowed) else { return nil }
        description = text
    }

    /// `*`.
    package static let everyone = Principal(unchecked: "*")

    private init(unchecked text: String) { description = text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// `nil` for `*`.
    public var kind: Kind? { description.firstIndex(of: ":").flatMap { Kind(rawValue: String(description[..<$0])) } }
    /// The part behind the colon; `*` for everyone.
    public var name: String { description.split(separator: ":", maxSplits: 1).last.map(String.init) ?? description }

    /// By their text.
    public static func < (a: Principal, b: Principal) -> Bool { a.description < b.description }

    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Principal(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a principal")
        }
        self = value
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
