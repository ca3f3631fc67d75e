internal import Glibc
internal import ResealCore
internal import ResealReconciler
internal import ResealVault
internal import ResealWire

/// Rotations, for people and for programs.
struct RotationReportView {
    let json: Bool

    func show(_ report: RotationReport) {
        if json { return Terminal.print(Self.document(report).canonical) }
        Self.lines(report).forEach { Terminal.note($0) }
    }

    /// One that a server did.
    func show(_ rotation: SecretRotation) {
        let outcome: RotationReport.Outcome = rotation.isWriteBackPending ? .writeBackPending : .done
        show(
            RotationReport(
                id: rotation.id, version: rotation.version, outcome: outcome, isResumed: rotation.isResumed,
                retiresAt: rotation.retiresAt))
    }

    func show(_ run: RotationRun) {
        if json {
            return Terminal.print(JSON.array(run.endings.map { Self.document($0.id, $0.ending) }).canonical)
        }
        if run.endings.isEmpty { Terminal.note("nothing is due") }
        for (id, ending) in run.endings {
            switch ending {
            case .rotated(let report): Self.lines(report).forEach { Terminal.note($0) }
            case .retired: Terminal.note("retired the value before of \(id)")
            case .failed(let failure): note("not rotated", id, failure)
            }
        }
    }

    func show(
        _ written: [(id: SecretID, outcome: WriteBackOutcome)],
        _ failures: [(id: SecretID, failure: any UserFacingFailure)]
    ) {
        if json {
            let documents = written.map { id, outcome -> JSON in
                ["secret": .string(ResourceKey(id).description), "write_back": Self.document(outcome)]
            }
            return Terminal.print(
                JSON.array(documents + failures.map { Self.document($0.id, .failed($0.failure)) }).canonical)
        }
        if written.isEmpty, failures.isEmpty { Terminal.note("nothing waits for Git") }
        for (id, outcome) in written { Terminal.note("\(id): \(Self.text(outcome))") }
        for (id, failure) in failures { note("not written back", id, failure) }
    }

    private func note(_ what: String, _ id: SecretID, _ failure: any UserFacingFailure) {
        Terminal.note("\(what): \(id)")
        Terminal.note(DiagnosticView.text(failure, Style(descriptor: STDERR_FILENO)))
    }

    private static func lines(_ report: RotationReport) -> [String] {
        let verb = report.isResumed ? "finished the rotation of" : "rotated"
        var lines = ["\(verb) \(report.id): version \(report.version) is current"]
        switch report.outcome {
        case .done: break
        case .writeBackPending:
            lines.append(
                "Git does not hold it yet; `reseal rotation write-back` seals it into a work tree (WriteBackPending)")
        case .writtenBack(let outcome): lines.append(text(outcome))
        case .writeBackFailed(let failure):
            lines.append("Git does not hold it yet (WriteBackPending):")
            lines.append(DiagnosticView.text(failure, Style(descriptor: STDERR_FILENO)))
        }
        if let retiresAt = report.retiresAt { lines.append("the value before stays valid until \(retiresAt)") }
        return lines
    }

    private static func text(_ outcome: WriteBackOutcome) -> String {
        switch outcome {
        case .sealed(let paths):
            "sealed into \(paths.map(SafeText.line).joined(separator: ", ")); commit and apply it to end the rotation"
        case .pushed(let commit): "pushed as commit \(commit.short)"
        }
    }

    // MARK: JSON

    private static func document(_ report: RotationReport) -> JSON {
        var members: [String: JSON] = [
            "secret": .string(ResourceKey(report.id).description), "version": .integer(report.version),
            "resumed": .bool(report.isResumed), "outcome": "done",
            "retires_at": report.retiresAt.map { .string($0.description) } ?? .null,
        ]
        switch report.outcome {
        case .done: break
        case .writeBackPending: members["outcome"] = "write_back_pending"
        case .writtenBack(let outcome): members["write_back"] = document(outcome)
        case .writeBackFailed(let failure):
            members["outcome"] = "write_back_pending"
            members["failure"] = DiagnosticView.json(failure)
        }
        return .object(members)
    }

    private static func document(_ id: SecretID, _ ending: RotationRun.Ending) -> JSON {
        let address = JSON.string(ResourceKey(id).description)
        return switch ending {
        case .rotated(let report): document(report)
        case .retired: ["secret": address, "outcome": "retired"]
        case .failed(let failure):
            ["secret": address, "outcome": "failed", "failure": DiagnosticView.json(failure)]
        }
    }

    private static func document(_ outcome: WriteBackOutcome) -> JSON {
        switch outcome {
        case .sealed(let paths): ["sealed": .array(paths.map { .string($0) })]
        case .pushed(let commit): ["commit": .string(commit.description)]
        }
    }
}

extension RotationReportView {
    func show(_ items: [RotationItem]) {
        guard !json else { return Terminal.print(JSON.array(items.map(Self.document)).canonical) }
        Terminal.print(
            TextTable.render(
                ["SECRET", "STATE", "STEP", "NEXT", "LAST ROTATED", "FAILURES", "HANDLER"],
                items.map { item in
                    let failures = item.journal.map(\.failures) ?? 0
                    let code = item.journal?.lastFailure.map { " (\($0))" } ?? ""
                    return [
                        item.id.description, item.state.rawValue, item.journal?.step.rawValue ?? "-",
                        item.start?.description ?? "-", item.lastRotated?.description ?? "-",
                        failures == 0 ? "0" : "\(failures)\(code)", item.handler ?? "-",
                    ]
                }))
    }

    private static func document(_ item: RotationItem) -> JSON {
        func time(_ moment: Timestamp?) -> JSON { moment.map { .string($0.description) } ?? .null }
        return [
            "secret": .string(ResourceKey(item.id).description), "state": .string(item.state.rawValue),
            "due": .bool(item.isDue), "due_at": time(item.due), "next_start_at": time(item.start),
            "last_rotated_at": time(item.lastRotated), "failures": .integer(item.journal?.failures ?? 0),
            "last_failure": item.journal?.lastFailure.map { .string($0) } ?? .null,
            "step": item.journal.map { .string($0.step.rawValue) } ?? .null,
            "write_back_pending": .bool(item.isWriteBackPending), "retire_at": time(item.journal?.retireAt),
            "handler": item.handler.map { .string($0) } ?? .null, "rotatable": .bool(item.isRotatable),
        ]
    }
}
