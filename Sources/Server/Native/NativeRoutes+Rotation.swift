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
        try await service.admitRotation(of: id, choosing: order.isChoice, by: session)
        do {
            let rotation = try await rotator.rotate(id, to: order.value, field: order.field, by: session.context)
            return .document(200, rotation.document)
        } catch let failure as any UserFacingFailure {
            guard let reply = RotationRefusal(failure).reply else { throw failure }
            return reply
        }
    }
}

/// Why a rotation did not come to its end, as far as its caller is told.
package enum RotationRefusal {
    /// Something about the secret itself or its manifest.
    case ofManifest(any UserFacingFailure)
    /// What a manifest refers to is not as it has to be. What that is may be none of the caller's business.
    case ofReference(any UserFacingFailure)
    case ofTarget(any UserFacingFailure)
    /// The vault cannot be relied on now.
    case ofVault

    package init(_ failure: any UserFacingFailure) {
        if let failure = failure as? VaultFailure {
            switch failure.kind {
            case .secretNotFound, .deleted, .noValue, .versionNotFound, .versionDestroyed, .fieldNotFound:
                self = .ofReference(failure)
            default: self = .ofVault
            }
        } else if ["rotation.not-rotatable", "rotation.running"].contains(failure.code)
            || failure.code.hasPrefix("generate.")
        {
            self = .ofManifest(failure)
        } else {
            self = failure.code == "rotation.unsuitable" ? .ofReference(failure) : .ofTarget(failure)
        }
    }

    /// True for what somebody should know of, whoever asked.
    package var isNews: Bool {
        switch self {
        case .ofManifest, .ofReference: false
        case .ofTarget, .ofVault: true
        }
    }

    fileprivate var reply: APIReply? {
        switch self {
        case .ofManifest(let failure):
            APIDialect.native.refusal(409, failure.code, failure.message, hint: failure.hint)
        case .ofReference(let failure):
            APIDialect.native.refusal(
                409, failure.code, "what the secret's manifest refers to is not as a rotation needs it",
                hint: "`reseal rotate` at the vault says what is missing")
        case .ofTarget(let failure):
            APIDialect.native.refusal(
                502, failure.code, "the rotation did not come to its end; the value before is still the current one",
                hint: "`reseal rotation list` at the vault shows how far it came; ask again to go on")
        case .ofVault: nil
        }
    }
}

/// What a rotation is asked to do.
private struct RotationRequest {
    let value: SecretBytes?
    let field: FieldPath?
    var isChoice: Bool { value != nil || field != nil }

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
