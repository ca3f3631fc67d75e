internal import ResealCore
internal import ResealManifests
package import ResealNotify
package import ResealVault

/// Secrets whose values stop being valid soon, or did already.
package enum ExpirySurvey {
    /// One event for each, for the most urgent step that it has reached.
    package static func events(_ core: VaultCore) throws -> [NotificationEvent] {
        let now = core.clock.now()
        let mark = Array("\"expiresAt\":".utf8)
        return try core.store.read { store in
            var events: [NotificationEvent] = []
            var specs = RotationSpecs()
            try store.forEachSecret(organization: nil, prefix: "") { secret in
                // Most secrets have no word of it, so their manifests are not read.
                guard secret.state == .active, secret.spec.holds(mark),
                    let spec = RotationSubject(secret, &specs)?.spec, let expiry = spec.expiresAt,
                    let stage = ExpiryStage.reached(expiry, at: now)
                else { return }
                // One that renews itself is news when it did not.
                guard !spec.autoRenew || stage <= .day else { return }
                var event = NotificationEvent(stage == .past ? .expired : .expiring, .secret(secret.id), at: now)
                event.expiresAt = expiry
                event.stage = stage
                events.append(event)
            }
            return events
        }
    }
}
