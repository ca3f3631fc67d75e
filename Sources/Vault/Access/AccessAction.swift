/// What a permission lets one do with a secret, or with the credentials that a dynamic secret makes.
package enum AccessAction: String, Sendable, Codable, CaseIterable, Comparable {
    case read, write, rotate, delete
    /// Of a dynamic secret: ask for credentials.
    case generate
    /// Of a dynamic secret: end the credentials of others.
    case revoke
    /// See that it is there, and what is written about it. Comes with every other permission, and is never written down.
    case list

    /// What a manifest can give.
    package static let grantable: [AccessAction] = allCases.filter { $0 != .list }

    package static func < (a: AccessAction, b: AccessAction) -> Bool { a.rank < b.rank }
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// What is asked of a dynamic secret, and never of a stored one.
    package var isOfDynamicSecret: Bool { self == .generate || self == .revoke }
}
