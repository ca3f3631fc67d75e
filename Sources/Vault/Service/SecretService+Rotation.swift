package import ResealCore

extension SecretService {
    /// Lets somebody ask for a rotation, and records it. What the rotation does then leaves records of its own.
    ///
    /// - Parameter choosing: whether he says what becomes of which field, for which he has to be one who may write it.
    package func admitRotation(of id: SecretID, choosing: Bool, by session: Session) async throws {
        let settings = settings
        try await glance(.secretRotate, ResourceKey(id).description, session) { snapshot in
            let store = snapshot.store
            try store.require(.rotate, id, settings, session)
            if choosing { try store.require(.write, id, settings, session) }
            guard let secret = try store.secret(id), secret.state == .active else { throw ServiceFailure.notFound }
            if secret.currentVersion > 0 {
                // What has expired must not come back as a part of what is new.
                let current = try KVSecret(secret, .current, in: store).version(secret.currentVersion)
                guard current?.isReadable(at: snapshot.now) == true else { throw ServiceFailure.notFound }
            }
            return Look(value: (), detail: "asked for")
        }
    }
}
