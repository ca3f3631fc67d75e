package import ResealCore
package import ResealSealing
package import ResealVault
package import ResealWire

/// Rotates secrets: given to the server by the program around it, which knows generators and targets.
package protocol SecretRotator: Sendable {
    /// - Parameters:
    ///   - value: the new value; `nil` to make one.
    ///   - field: the one that gets it; `nil` for what the manifest says.
    func rotate(
        _ id: SecretID, to value: SecretBytes?, field: FieldPath?, by context: ActionContext
    ) async throws -> SecretRotation
}

extension NativeRoutes {
    func rotate(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let id = try SecretID(validating: name, organization: session.token.organization)
        let order = try RotationRequest(request)
        try await service.admitRotation(of: id, by: session)
        do {
            let rotation = try await rotator.rotate(id, to: order.value, field: order.field, by: session.context)
            return .document(200, rotation.document)
        } catch let failure as any UserFacingFailure where Self.isOfRotation(failure) {
            return Self.refusal(failure)
        }
    }

    /// Whether it is about generators or targets, which nothing but a rotation deals with.
    private static func isOfRotation(_ failure: any UserFacingFailure) -> Bool {
        !(failure is ServiceFailure || failure is TokenFailure || failure is NameFailure || failure is VaultFailure)
    }

    /// What a manifest lacks is told. What a target said is for those who keep it.
    private static func refusal(_ failure: any UserFacingFailure) -> APIReply {
        let isOfManifest =
            ["rotation.not-rotatable", "rotation.running", "rotation.unsuitable"].contains(failure.code)
            || failure.code.hasPrefix("generate.")
        guard !isOfManifest else {
            return APIDialect.native.refusal(409, failure.code, failure.message, hint: failure.hint)
        }
        return APIDialect.native.refusal(
            502, failure.code, "the rotation did not come to its end; the value before is still the current one",
            hint: "`reseal rotation list` at the vault shows how far it came; ask again to go on")
    }
}

/// What a rotation is asked to do.
private struct RotationRequest {
    let value: SecretBytes?
    let field: FieldPath?

    init(_ request: APIRequest) throws {
        guard !request.body.isEmpty else {
            (value, field) = (nil, nil)
            return
        }
        guard let document = try? JSONParser<SecretJSON>.parse(request.body), let members = document.members,
            Set(members.keys).isSubset(of: ["value", "field"])
        else { throw ServiceFailure(.badRequest, "the body is an object that may have `value` and `field`") }
        value = try members["value"].flatMap { $0.isNull ? nil : $0 }.map { value in
            guard case .scalar(.string, let text) = value else {
                throw ServiceFailure(.badRequest, "`value` is a text")
            }
            return text
        }
        field = try members["field"].flatMap { $0.isNull ? nil : $0 }.map { field in
            guard let path = field.text.flatMap({ FieldPath($0) }), path != .whole else {
                throw ServiceFailure(.badRequest, "`field` is no name of a field")
            }
            return path
        }
    }
}
