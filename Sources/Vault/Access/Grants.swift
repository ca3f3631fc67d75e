package import ResealCore

/// Whom the manifest of one resource gives which access.
package struct Grants: Sendable, Hashable {
    /// One list for each action, in the order of the actions.
    private let lists: [[Principal]]

    package static let none = Grants(lists: { _ in [] })

    /// The permissions in the canonical JSON of a manifest.
    package init(spec: [UInt8]) {
        let permissions = (try? JSON(parsing: spec))?["spec"]?["permissions"]
        self.init(lists: { action in
            (permissions?[action.rawValue]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { Principal($0) } }
        })
    }

    package init(lists list: (AccessAction) -> [Principal]) { lists = AccessAction.grantable.map(list) }

    package func principals(for action: AccessAction) -> [Principal] { action == .list ? [] : lists[action.rank] }

    /// The roles that are named, as resources of an organization.
    package func roles(in organization: String) -> Set<ResourceKey> {
        Set(
            lists.joined().filter { $0.kind == .role }.map { ResourceKey(.role, $0.name, organization: organization) })
    }

    /// True when something is open to everyone that was not with `before`.
    package func opensToEveryone(comparedWith before: Grants) -> Bool {
        AccessAction.grantable.contains { action in
            principals(for: action).contains(.everyone) && !before.principals(for: action).contains(.everyone)
        }
    }
}
