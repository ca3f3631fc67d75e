internal import ResealCore
internal import ResealGit
internal import ResealReconciler

/// Commits and what is to be said of them.
struct CommitReport {
    let base: ObjectID?
    let head: ObjectID
    let commits: [CommitJudgement]

    var isTrusted: Bool { commits.allSatisfy(\.problems.isEmpty) }
}

/// Shows judged commits.
enum CommitView {
    static func text(_ report: CommitReport) -> String {
        let start = report.base?.short ?? "the beginning"
        guard !report.commits.isEmpty else { return "No commits between \(start) and \(report.head.short)." }
        let rows = report.commits.map { judgement in
            [
                judgement.commit.id.short, SafeText.line(signer(judgement)), SafeText.line(paths(judgement)),
                judgement.problems.isEmpty ? (judgement.guardedPaths.isEmpty ? "not guarded" : "trusted") : "REFUSED",
            ]
        }
        let findings = report.commits.flatMap(\.problems).flatMap { problem in
            ["\(SafeText.line(problem.message)) [\(problem.kind.rawValue)]", "  hint: \(problem.hint)"]
        }
        let bad = report.commits.filter { !$0.problems.isEmpty }.count
        let end =
            bad == 0
            ? "\(report.commits.count) commit(s) since \(start): all are trusted."
            : "\(report.commits.count) commit(s) since \(start): \(bad) not trusted."
        return ([TextTable.render(["COMMIT", "SIGNER", "GUARDED PATHS", "VERDICT"], rows)] + findings + [end])
            .joined(separator: "\n")
    }

    private static func signer(_ judgement: CommitJudgement) -> String {
        guard case .good(let signer) = judgement.signature else { return word(judgement.signature) }
        return signer.principal + (judgement.secondSigner.map { " + \($0.principal)" } ?? "")
    }

    private static let shownPaths = 3

    private static func paths(_ judgement: CommitJudgement) -> String {
        let paths = judgement.guardedPaths
        guard !paths.isEmpty else { return "-" }
        let more = paths.count > shownPaths ? " and \(paths.count - shownPaths) more" : ""
        return paths.prefix(shownPaths).joined(separator: " ") + more
    }

    private static func word(_ verdict: SignatureVerdict?) -> String {
        switch verdict {
        case .good: "good"
        case .unsigned, nil: "unsigned"
        case .unknownSigner: "unknown"
        case .bad: "bad"
        case .expired: "expired"
        case .revoked: "revoked"
        }
    }

    static func json(_ report: CommitReport) -> JSON {
        [
            "format_version": "1.0", "type": "verify_commits", "trusted": .bool(report.isTrusted),
            "base": report.base.map { .string($0.description) } ?? .null, "head": .string(report.head.description),
            "commits": .array(report.commits.map(json)),
        ]
    }

    private static func json(_ judgement: CommitJudgement) -> JSON {
        var signer: CommitSigner?
        if case .good(let good) = judgement.signature { signer = good }
        return [
            "id": .string(judgement.commit.id.description), "summary": .string(judgement.commit.summary),
            "committer": .string(judgement.commit.committerEmail), "signature": .string(word(judgement.signature)),
            "signer": json(signer), "second_signer": json(judgement.secondSigner),
            "guarded_paths": .array(judgement.guardedPaths.map { .string($0) }),
            "protected_paths": .array(judgement.protectedPaths.map { .string($0) }),
            "trusted": .bool(judgement.problems.isEmpty),
            "problems": .array(
                judgement.problems.map { problem -> JSON in
                    ["code": .string(problem.kind.rawValue), "message": .string(problem.message)]
                }),
        ]
    }

    private static func json(_ signer: CommitSigner?) -> JSON {
        guard let signer else { return .null }
        return ["principal": .string(signer.principal), "key": .string(signer.key)]
    }
}
