package import ResealCore
package import ResealVault

/// What apply would do to one resource.
package enum ChangeAction: String, Sendable, Codable, CaseIterable {
    case create
    /// Metadata, permissions or policy; the value stays.
    case update
    /// A new value, with whatever else changed in the manifest.
    case newVersion
    /// A deleted secret comes back.
    case restore
    case delete
    /// A resource that is not a secret is new or changed.
    case define
    /// A hand-made change of the vault is undone.
    case revertDrift
    /// A hand-made change of the vault goes into Git, by write-back.
    case adoptDrift

    /// Terraform's words for it.
    package func terraformActions(isNew: Bool) -> [String] {
        switch self {
        case .create, .restore: ["create"]
        case .update, .newVersion, .revertDrift, .adoptDrift: ["update"]
        case .delete: ["delete"]
        case .define: [isNew ? "create" : "update"]
        }
    }
}

/// Something that a reviewer should not miss.
package enum RiskNote: String, Sendable, Codable, CaseIterable {
    case permissionsWidened
    case everyoneGranted
    case bindingMissing
    case sealRemoved
    case protectionLifted
    case olderValue
    case falselyResealed
    case overwritesDrift
    case massDeletion
    case repositoryRulesRelaxed
    case recipientsAdded
    case recipientsRemoved
    case recipientsChanged
    case alreadyExpired
    case writeBackConflict

    /// What it means, for people.
    package var text: String {
        switch self {
        case .permissionsWidened: "more principals get access than before"
        case .everyoneGranted: "`*` grants access to everyone"
        case .bindingMissing: "a sealed value says neither where it belongs nor how old it is"
        case .sealRemoved: "a field that was sealed stands in Git in plain text"
        case .protectionLifted: "deletion protection is removed"
        case .olderValue: "a value sealed before the newest known one comes back"
        case .falselyResealed: "a sealed value says that it was only resealed, and is not the value that was applied"
        case .overwritesDrift: "a change made in the vault by hand is overwritten"
        case .massDeletion: "part of a deletion over the repository's limit"
        case .repositoryRulesRelaxed: "the rules of the repository become weaker"
        case .recipientsAdded: "someone more can open what is sealed from now on"
        case .recipientsRemoved: "someone is no longer a recipient, but keeps what he could open"
        case .recipientsChanged: "other values than before are sealed to a recipient"
        case .alreadyExpired: "the secret's `expiresAt` has passed"
        case .writeBackConflict:
            "a field was changed in Git and in the vault; the vault's value stays, Git's is kept as a previous version"
        }
    }
}

/// A part of the manifest that differs. Only reviewable metadata gets here: values have no place in this type.
package struct AttributeChange: Sendable, Equatable {
    /// Keys from the root, for example `spec`, `rotation`, `every`.
    package var path: [String]
    /// Canonical JSON; `nil` when absent.
    package var before: JSON?
    package var after: JSON?
}

/// A field of a value that differs, by name only.
package struct FieldChange: Sendable, Equatable {
    package enum Kind: String, Sendable, Codable { case added, changed, removed, unchanged }
    package var field: String
    package var kind: Kind
}

/// One planned change. By its type it cannot hold a value.
package struct PlannedChange: Sendable, Equatable {
    package var key: ResourceKey
    package var action: ChangeAction
    package var isNew: Bool
    /// One short sentence.
    package var reason: String
    package var position: SourcePosition?
    /// Canonical JSON of the manifest as it was applied, without values; empty where there was none.
    package var before: [UInt8]
    package var attributes: [AttributeChange]
    package var fields: [FieldChange]
    package var risks: [RiskNote]
    /// The version that apply would write.
    package var version: Int64?
    /// Where the resource stands in the desired state; -1 for a deletion.
    var desiredIndex: Int32
    /// Fields that stay as the vault has them, because Git does not hold their new value yet.
    package var kept: [String] = []
    /// Fields that were changed by hand and are to go into Git, as Git holds them.
    var adopted: [FieldState] = []
}

/// A hand-made change of the vault.
package struct DriftNote: Sendable, Equatable {
    package enum Outcome: String, Sendable, Codable {
        case reported, reverted, overwritten, adopted
        /// The policy is to adopt it, but no manifest can be edited to say it.
        case notAdoptable
    }
    package var id: SecretID
    package var drift: SecretRecord.Drift
    package var outcome: Outcome
    package var position: SourcePosition?
    package var fields: [FieldChange]
}

/// What one principal gains and loses on a group of secrets and dynamic secrets.
package struct AccessChange: Sendable, Equatable {
    package var principal: Principal
    package var gained: [AccessAction]
    package var lost: [AccessAction]
    package var resources: [ResourceKey]
}

/// A rule that stops the plan before anything is done.
package struct GuardRefusal: Sendable, Equatable {
    package enum Rule: String, Sendable, Codable {
        case deletionProtection, massDeletion, replayOfRotatedValue, counterConflict
        /// Another repository describes the resource already.
        case ownedElsewhere
    }
    package var rule: Rule
    package var message: String
    package var hint: String
    package var span: SourceSpan?
}
