package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// New values of one secret, to be brought into its manifest.
package struct WriteBackItem: Sendable {
    /// How they came about, as the commit says it.
    package enum Reason: String, Sendable, CaseIterable {
        case rotation
        case adoptedDrift = "adopted-drift"
    }

    package let id: SecretID
    package let version: Int64
    package let values: ManifestSealer.Values
    package let reason: Reason
    /// Over the fields that wait: the same as long as they and their values are.
    let content: Digest256
}

/// How far a value came on its way into Git.
package enum WriteBackOutcome: Sendable, Equatable {
    /// It stands in these files of a work tree; to commit them is a person's part.
    case sealed(paths: [String])
    /// It stands in the branch that is applied from.
    case pushed(ObjectID)
}

/// How far values came on their way into a branch of a remote.
package enum BranchWriteBackOutcome: Sendable, Equatable {
    /// The branch that is applied from has them.
    case pushed(ObjectID)
    /// They were put on a branch for review.
    case proposed(ObjectID, branch: String)
    /// They have been there before.
    case underReview(branch: String)
}

/// Brings new values into Git. Until that is done the vault is authoritative, so nothing is lost when it fails: it is
/// tried again, on the head of that time.
package protocol WriteBack: Sendable {
    /// - Parameter progress: told of each of `sealed`, `committed` and `pushed` when it is done, so that the journal knows.
    /// - Throws: a failure whose `retry` is `later` where the same may work on a newer head.
    func write(
        _ item: WriteBackItem, at now: Timestamp, progress: (RotationRecord.Step, ObjectID?) throws -> Void
    ) throws -> WriteBackOutcome
}

/// Seals into the manifests of a work tree, in place, and leaves the commit to its owner.
package struct WorkTreeWriteBack: WriteBack {
    private let sealer: ManifestSealer

    /// - Parameter access: what sealing to the recipients of the manifests may do.
    package init(root: String, folder: String, access: KeyAccess) {
        sealer = ManifestSealer(root: root, folder: folder, access: access)
    }

    package func write(
        _ item: WriteBackItem, at now: Timestamp, progress: (RotationRecord.Step, ObjectID?) throws -> Void
    ) throws -> WriteBackOutcome {
        let sealed = try sealer.seal(item.values, into: item.id, at: now)
        try progress(.sealed, nil)
        return .sealed(paths: Set(sealed.map(\.path)).sorted())
    }
}
