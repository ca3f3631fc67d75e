package import ResealCore
internal import ResealSealing
internal import ResealVault

extension Plan {
    /// Reads the JSON form (docs/plan-format.md) of a plan that was computed elsewhere, as far as it is shown.
    ///
    /// Throws ``ReconcileFailure/Kind/planUnreadable`` for anything else.
    package init(reading json: JSON) throws {
        guard json["format_version"]?.stringValue?.hasPrefix("1.") == true else {
            throw ReconcileFailure(
                .planUnreadable, "the answer is no plan of a form that this version reads",
                hint: "use the version of reseal that the controller has")
        }
        let reader = PlanReader(json)
        let base = try reader.object("base"), source = try reader.object("source")
        self.init(
            source: Source(
                location: try source.text("location"), ref: try source.text("ref"), path: try source.text("path")),
            base: base.commit("commit"), head: base.commit("head"),
            vaultSerial: base.json["vault_serial"]?.integerValue,
            policyDigest: try base.digest("policy_digest"), recipientsDigest: try base.digest("recipients_digest"),
            allowsMassDeletion: false, createdAt: try reader.time("timestamp"),
            changes: try reader.list("resource_changes") { try $0.change() },
            drift: try reader.list("resource_drift") { try $0.drift() },
            access: Self.grouped(try reader.list("access_changes") { try $0.access() }),
            guards: try reader.list("checks") { try $0.guardRefusal() }.compactMap { $0 },
            warnings: try reader.list("checks") { try $0.warning() }.compactMap { $0 }, id: try reader.text("plan_id"))
    }

    /// What one principal gains and loses stands there resource by resource, one after the other.
    private static func grouped(_ changes: [AccessChange]) -> [AccessChange] {
        changes.reduce(into: []) { groups, change in
            if let last = groups.last, last.principal == change.principal, last.gained == change.gained,
                last.lost == change.lost
            {
                groups[groups.count - 1].resources += change.resources
            } else {
                groups.append(change)
            }
        }
    }
}

/// One object of a plan's JSON form.
private struct PlanReader {
    let json: JSON

    init(_ json: JSON) { self.json = json }

    private func missing(_ key: String) -> ReconcileFailure {
        ReconcileFailure(.planUnreadable, "the plan that was answered has no usable `\(key)`")
    }

    func text(_ key: String) throws -> String {
        guard let text = json[key]?.stringValue else { throw missing(key) }
        return text
    }

    func object(_ key: String) throws -> PlanReader {
        guard let part = json[key], part.objectValue != nil else { throw missing(key) }
        return PlanReader(part)
    }

    func list<R>(_ key: String, _ read: (PlanReader) throws -> R) throws -> [R] {
        guard let items = json[key]?.arrayValue else { throw missing(key) }
        return try items.map { try read(PlanReader($0)) }
    }

    private func words<W: RawRepresentable<String>>(_ key: String) -> [W] {
        (json[key]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { W(rawValue: $0) } }
    }

    private func word<W: RawRepresentable<String>>(_ key: String) throws -> W {
        guard let word = W(rawValue: try text(key)) else { throw missing(key) }
        return word
    }

    func commit(_ key: String) -> ObjectID? { json[key]?.stringValue.flatMap { ObjectID(hex: $0) } }

    func digest(_ key: String) throws -> Digest256 {
        guard let digest = Hex.decode(try text(key)).flatMap({ Digest256($0) }) else { throw missing(key) }
        return digest
    }

    func time(_ key: String) throws -> Timestamp {
        guard let time = Timestamp(try text(key)) else { throw missing(key) }
        return time
    }

    // MARK: Parts

    private func key() throws -> ResourceKey {
        ResourceKey(try word("type"), try text("name"), organization: try text("organization"))
    }

    private func span() -> SourceSpan? {
        guard let place = json["position"], let file = place["file"]?.stringValue else { return nil }
        return SourceSpan(
            file: file, line: Int(place["line"]?.integerValue ?? 1), column: Int(place["column"]?.integerValue ?? 1),
            commit: place["commit"]?.stringValue.flatMap { ObjectID(hex: $0) })
    }

    private func fields() -> [FieldChange] {
        (json["value_change"]?.objectValue ?? [:]).compactMap { name, kind in
            kind.stringValue.flatMap { FieldChange.Kind(rawValue: $0) }.map { FieldChange(field: name, kind: $0) }
        }.sorted { $0.field < $1.field }
    }

    func change() throws -> PlannedChange {
        let change = try object("change")
        let before = change.json["before"]?.objectValue.map { JSON.object($0) }
        let after = change.json["after"]?.objectValue.map { JSON.object($0) }
        let isNew = change.json["actions"]?.arrayValue == ["create"]
        // A secret that was made by hand had no manifest that could differ.
        let hadManifest = before?.objectValue?.isEmpty == false
        let attributes = before.flatMap { before in
            after.map { hadManifest ? AttributeDiff.changes(from: before.canonicalBytes, to: $0.canonicalBytes) : [] }
        }
        return PlannedChange(
            key: try key(), action: try word("reseal_action"), isNew: isNew, reason: try text("action_reason"),
            position: span().map {
                SourcePosition(commit: $0.commit, path: $0.file, line: $0.line, column: $0.column, blob: nil)
            },
            before: before?.canonicalBytes ?? [], attributes: attributes ?? [], fields: fields(), risks: words("risks"),
            version: json["version"]?.integerValue, desiredIndex: -1)
    }

    func drift() throws -> DriftNote {
        DriftNote(
            id: try key().secretID, drift: try word("drift"), outcome: try word("outcome"), position: nil,
            fields: fields())
    }

    func access() throws -> AccessChange {
        let address = try text("secret")
        guard let principal = Principal(try text("principal")), let key = ResourceKey(address: address) else {
            throw missing("secret")
        }
        return AccessChange(principal: principal, gained: words("gained"), lost: words("lost"), resources: [key])
    }

    private func isError() throws -> Bool { try text("severity") == "error" }

    func guardRefusal() throws -> GuardRefusal? {
        guard try isError() else { return nil }
        return GuardRefusal(
            rule: try word("code"), message: try text("message"), hint: json["hint"]?.stringValue ?? "", span: span())
    }

    func warning() throws -> Diagnostic? {
        guard try !isError() else { return nil }
        return Diagnostic(
            .warning, code: try text("code"), try text("message"), hint: json["hint"]?.stringValue, at: span())
    }
}

extension ResourceKey {
    /// Reads ``description``.
    fileprivate init?(address: String) {
        guard let dot = address.firstIndex(of: "."), let kind = ResourceKind(rawValue: String(address[..<dot])),
            let slash = address[dot...].firstIndex(of: "/")
        else { return nil }
        self.init(
            kind, String(address[address.index(after: slash)...]),
            organization: String(address[address.index(after: dot)..<slash]))
    }
}
