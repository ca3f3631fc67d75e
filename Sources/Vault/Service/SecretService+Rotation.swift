package import ResealCore

extension SecretService {
    /// Lets somebody ask for a rotation, and records it. What the rotation does then leaves records of its own.
    package func admitRotation(of id: SecretID, by session: Session) async throws {
        let settings = settings
        try await glance(.secretRotate, ResourceKey(id).description, session) { snapshot in
            try snapshot.store.require(.rotate, id, settings, session)
            guard let secret = try snapshot.store.secret(id), secret.state == .active else {
                throw ServiceFailure.notFound
            }
            return Look(value: (), detail: "asked for")
        }
    }
}
