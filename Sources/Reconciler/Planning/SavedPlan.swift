package import ResealCore
internal import ResealGit

/// A plan in a file: enough to make sure that apply does exactly what was shown, and nothing else. No value is in it.
package struct SavedPlan: Sendable, Equatable {
    private static let format = "reseal-plan-1"
    private static let limit = 1 << 20

    package let planID: String
    package let source: Plan.Source
    package let base: ObjectID?
    package let head: ObjectID
    package let vaultSerial: Int64
    package let allowsMassDeletion: Bool

    /// - Parameter location: where the repository is, in full; the plan's own form is made for showing.
    package init(_ plan: Plan, location: String, allowsMassDeletion: Bool) throws {
        guard let head = plan.head, let serial = plan.vaultSerial else {
            throw ReconcileFailure(.savedPlanInvalid, "only a plan of a commit for a vault can be saved")
        }
        planID = plan.id
        source = Plan.Source(location: location, ref: plan.source.ref, path: plan.source.path)
        base = plan.base
        self.head = head
        vaultSerial = serial
        self.allowsMassDeletion = allowsMassDeletion
    }

    package func write(to path: String) throws {
        let document: JSON = [
            "format": .string(Self.format), "plan_id": .string(planID),
            "location": .string(source.location), "ref": .string(source.ref), "path": .string(source.path),
            "base": base.map { .string($0.description) } ?? .null, "head": .string(head.description),
            "vault_serial": .integer(vaultSerial), "allow_mass_deletion": .bool(allowsMassDeletion),
        ]
        try AtomicFile.write(document.pretty() + "\n", to: path)
    }

    package init(readingFrom path: String) throws {
        let bytes = try AtomicFile.read(path, limit: Self.limit)
        let invalid = ReconcileFailure(
            .savedPlanInvalid, "\(path) is not a saved plan of this version", hint: "make one with `reseal plan --out`")
        guard let json = try? JSON(parsing: bytes), json["format"]?.stringValue == Self.format,
            let planID = json["plan_id"]?.stringValue, let location = json["location"]?.stringValue,
            let ref = json["ref"]?.stringValue, let folder = json["path"]?.stringValue,
            let head = json["head"]?.stringValue.flatMap(ObjectID.init(hex:)),
            let serial = json["vault_serial"]?.integerValue,
            let massDeletion = json["allow_mass_deletion"]?.boolValue, let baseText = json["base"]
        else { throw invalid }
        base = baseText.stringValue.flatMap(ObjectID.init(hex:))
        guard base != nil || baseText == .null else { throw invalid }
        self.planID = planID
        source = Plan.Source(location: location, ref: ref, path: folder)
        self.head = head
        vaultSerial = serial
        allowsMassDeletion = massDeletion
    }

    /// Throws ``ReconcileFailure/Kind/stale`` unless `plan`, made just now, is the saved one.
    package func requireSame(_ plan: Plan) throws {
        let reason: String
        if plan.head != head {
            reason = "\(source.ref) moved from \(head.short) to \(plan.head?.short ?? "nothing")"
        } else if plan.vaultSerial != vaultSerial {
            reason = "the vault moved from serial \(vaultSerial) to \(plan.vaultSerial ?? 0)"
        } else if plan.base != base {
            reason = "another commit was applied meanwhile"
        } else if plan.id != planID {
            reason = "the plan would be another one now"
        } else {
            return
        }
        throw ReconcileFailure(
            .stale, "the saved plan is stale: \(reason)", hint: "plan again, and have the new plan reviewed")
    }
}
