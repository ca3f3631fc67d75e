internal import Glibc
internal import ResealCore
internal import ResealEngines
internal import ResealVault

// Where the target makes the new value, asking for it may spend what the present one holds. So the journal says that it
// is asked for before it is, and what comes of it is durable before anything else is done with it.

extension Rotator {
    private static let storingAttempts = 10

    func issue(_ journal: inout RotationRecord, _ handler: any IssuingHandler, by context: ActionContext) throws {
        let lost = HandlerFailure.Kind.answerLost.rawValue
        var asked = journal
        let (current, wasLost) = try core.write { transaction in
            let secret = try transaction.existing(asked.id)
            let current = try transaction.openValue(of: secret, version: secret.currentVersion)
            // Somebody who logged in anew meanwhile has brought another refresh token.
            let wasLost = asked.lastFailure == lost && asked.previous == secret.currentVersion
            asked.previous = secret.currentVersion
            try transaction.noteAsking(&asked, lost: lost, by: context)
            return (current, wasLost)
        }
        journal = asked
        FaultPoint.pass("rotation.asking")
        let leaves: [SecretValue.Leaf]
        do { leaves = try handler.issue(current, for: journal.id) } catch let failure as any UserFacingFailure {
            let shown = wasLost ? Self.rememberingLoss(failure, of: journal.id) : failure
            try note(shown, in: &journal, by: context)
            throw shown
        }
        FaultPoint.pass("rotation.issued")
        try keep(leaves, &journal, by: context)
        FaultPoint.pass("rotation.handedOver")
    }

    /// Nobody else has these values, so a vault that is busy is asked again. The journal keeps saying that an answer is
    /// lost until they are stored.
    private func keep(
        _ leaves: [SecretValue.Leaf], _ journal: inout RotationRecord, by context: ActionContext
    ) throws {
        for attempt in 1...Self.storingAttempts {
            var stored = journal
            do {
                try core.write { try $0.replaceCandidate(&stored, with: leaves, by: context) }
                journal = stored
                return
            } catch let failure as VaultFailure {
                guard attempt < Self.storingAttempts else { throw failure }
                sleep(1)
            }
        }
    }

    /// One attempt whose answer was lost may have spent the refresh token, whatever later ones end in.
    private static func rememberingLoss(_ failure: any UserFacingFailure, of id: SecretID) -> any UserFacingFailure {
        guard let refusal = failure as? HandlerFailure, refusal.kind == .loginNeeded else {
            return HandlerFailure(
                .answerLost, "an earlier answer with new tokens of \(id) was lost; now: \(failure.message)",
                hint: failure.hint, retry: failure.retry)
        }
        return HandlerFailure(
            .loginNeeded,
            "the refresh token of \(id) was spent by an earlier request whose answer was lost: \(refusal.message)",
            hint: refusal.hint, retry: refusal.retry)
    }
}
