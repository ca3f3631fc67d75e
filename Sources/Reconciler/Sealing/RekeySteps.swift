internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing

/// One value that does not fit.
struct RekeyJob: Sendable {
    let seal: FileSeals.Seal
    let audience: RecipientRules.Audience
    /// The counter of the value that stands there, or that the last commit has there; 0 for none.
    var counter: Int64
}

/// What one core reads files with.
struct RekeyReaders {
    let present: SealReader
    /// The last commit; `nil` where there is none.
    let committed: SealReader?

    init(_ rekeying: Rekeying) throws {
        present = SealReader(snapshot: try rekeying.snapshots.open(), commit: nil)
        committed = try rekeying.committed.map { SealReader(snapshot: try $0.open(), commit: $0.commit) }
    }

    /// The counters of the bound values that a manifest has in the last commit: plain age may have replaced one since,
    /// and a counter never begins again.
    func counters(of path: String) -> [SecretID: [FieldPath: Int64]] {
        guard let committed, let file = try? committed.snapshot.file(at: path),
            let found = try? committed.read(file)
        else { return [:] }
        var counters: [SecretID: [FieldPath: Int64]] = [:]
        for seal in found.seals {
            counters[seal.entry.id, default: [:]][seal.entry.field] = seal.entry.binding?.counter
        }
        return counters
    }
}

/// A file with all that is to be done to it.
struct RekeyReading: Sendable {
    let path: String
    var bytes: [UInt8] = []
    var jobs: [RekeyJob] = []
    var fitting = 0
    /// Of the secrets that have sealed values here.
    var names: Set<String> = []
    /// Words of the selection that fit a value.
    var matched: Set<Int> = []
    var problems: [Diagnostic] = []
}

/// What became of a file.
struct RekeyedFile: Sendable {
    var resealed: [SealEntry] = []
    /// The file itself, and those that hold values of it.
    var replacements: [FileReplacement] = []
    var problems: [Diagnostic] = []
}

/// The three steps of resealing, each of which any number of cores can take at once.
struct RekeySteps: Sendable {
    enum Outcome: Sendable {
        case resealed([UInt8])
        case failed(Diagnostic)
    }

    let rekeying: Rekeying
    let law: SealLaw
    let selection: ValueSelection
    let isDryRun: Bool

    // MARK: Reading

    func read(_ file: TreeFile, _ readers: RekeyReaders) -> RekeyReading {
        var reading = RekeyReading(path: file.path)
        let found: FileSeals
        do {
            guard file.kind == .regular || file.kind == .executable else {
                found = try readers.present.read(file)
                reading.problems = found.problems
                return reading
            }
            reading.bytes = try rekeying.tree.read(
                file.path, limitBytes: ManifestLimits.standard.yaml.fileBytes)
            found = readers.present.read(file.path, reading.bytes)
        } catch {
            let failure = (error as? any UserFacingFailure)
            reading.problems = [
                Diagnostic(
                    code: failure?.code ?? "file.unreadable", failure?.message ?? "the file cannot be read",
                    hint: failure?.hint, at: SourceSpan(file: file.path))
            ]
            return reading
        }
        reading.problems = found.problems
        var last: (id: SecretID, audience: RecipientRules.Audience)?
        for seal in found.seals {
            reading.names.insert(seal.entry.id.name)
            guard let words = selection.matches(seal.entry) else { continue }
            reading.matched.formUnion(words)
            let known = last?.id == seal.entry.id ? last?.audience : nil
            let audience = known ?? law.audience(of: seal.entry)
            judge(seal, audience, &reading)
            last = (seal.entry.id, audience)
        }
        guard reading.jobs.contains(where: { $0.counter == 0 }) else { return reading }
        let committed = readers.counters(of: file.path)
        for index in reading.jobs.indices where reading.jobs[index].counter == 0 {
            let entry = reading.jobs[index].seal.entry
            reading.jobs[index].counter = committed[entry.id]?[entry.field] ?? 0
        }
        return reading
    }

    private func judge(_ seal: FileSeals.Seal, _ audience: RecipientRules.Audience, _ reading: inout RekeyReading) {
        switch law.fault(of: seal.entry, audience: audience) {
        case nil: reading.fitting += 1
        case .misplaced(let problem):
            reading.problems.append(
                Diagnostic(
                    code: "value.misplaced", "\(seal.entry.label) \(problem)",
                    hint:
                        "a sealed value cannot be moved or copied; seal it anew with `reseal seal \(seal.entry.id.name)`",
                    at: seal.entry.span))
        default:
            reading.jobs.append(RekeyJob(seal: seal, audience: audience, counter: seal.entry.binding?.counter ?? 0))
        }
    }

    // MARK: Resealing

    func reseal(_ job: RekeyJob) -> Outcome {
        if isDryRun, rekeying.identities.isEmpty { return .resealed([]) }
        let entry = job.seal.entry
        let plaintext: SecretBytes
        do throws(AgeFailure) { plaintext = try job.seal.file.open(with: rekeying.identities) } catch {
            return .failed(unopened(entry, error))
        }
        if isDryRun { return .resealed([]) }
        do {
            let binding = Binding(
                repository: law.repositoryID, organization: entry.id.organization, secret: entry.id.name,
                field: entry.field, counter: job.counter + 1, sealedAt: rekeying.now,
                recipients: job.audience.recipients, valueCounter: entry.binding?.valueCounter ?? 0)
            let sealed = try FieldSealer.seal(
                plaintext, binding: binding, to: job.audience.recipients,
                isArmored: entry.valueFile == nil || job.seal.file.isArmored)
            FaultPoint.pass("rekey.resealed")
            return .resealed(sealed)
        } catch {
            let failure = error as? any UserFacingFailure
            return .failed(
                Diagnostic(
                    code: failure?.code ?? "seal.recipients",
                    "cannot reseal \(entry.label): \(failure?.message ?? "it cannot be resealed")", hint: failure?.hint,
                    at: entry.span))
        }
    }

    private func unopened(_ entry: SealEntry, _ failure: AgeFailure) -> Diagnostic {
        Diagnostic(
            code: ReconcileFailure.Kind.undecryptable.rawValue, "cannot open \(entry.label): \(failure.message)",
            hint: failure.kind == .noMatch
                ? openers(entry) : "restore it from Git, or seal it once more with `reseal seal \(entry.id.name)`",
            at: entry.span)
    }

    /// Who could do it.
    private func openers(_ entry: SealEntry) -> String {
        let bound = entry.binding?.recipients
        let fingerprints = bound ?? law.audience(of: entry).fingerprints
        let names = fingerprints.prefix(5).map(law.names.label).joined(separator: ", ")
        let more = fingerprints.count > 5 ? " and \(fingerprints.count - 5) more" : ""
        return bound == nil
            ? "it says not who can open it; by the rules it should be one of: \(names)\(more)"
            : "use --identity of one who can open it: \(names)\(more)"
    }

    // MARK: Editing

    func edit(_ reading: RekeyReading, _ outcomes: [Outcome]) -> RekeyedFile {
        var edited = RekeyedFile()
        var inline: [(entry: SealEntry, sealed: [UInt8])] = []
        for (job, outcome) in zip(reading.jobs, outcomes) {
            switch outcome {
            case .failed(let problem): edited.problems.append(problem)
            case .resealed(let sealed):
                guard let path = job.seal.entry.valueFile, let before = job.seal.valueFileBytes else {
                    inline.append((job.seal.entry, sealed))
                    continue
                }
                edited.replacements.append(FileReplacement(path: path, before: before, after: sealed))
                edited.resealed.append(job.seal.entry)
            }
        }
        guard !inline.isEmpty else { return edited }
        var bytes = reading.bytes
        if isDryRun {
            edited.resealed += inline.map(\.entry)
        } else {
            replace(inline, in: &bytes, reading.path, &edited)
        }
        if isDryRun || bytes != reading.bytes {
            edited.replacements.append(FileReplacement(path: reading.path, before: reading.bytes, after: bytes))
        }
        return edited
    }

    /// Halves the edits where they cannot be made together, until it is known which one is to blame.
    private func replace(
        _ values: [(entry: SealEntry, sealed: [UInt8])], in bytes: inout [UInt8], _ path: String,
        _ edited: inout RekeyedFile
    ) {
        do throws(ManifestFailure) {
            let edits = values.map { ManifestEdit($0.entry.id, $0.entry.field, .sealed($0.sealed)) }
            bytes = try ManifestEditor.apply(edits, to: ManifestFile(path: path, bytes: bytes))
            edited.resealed += values.map(\.entry)
        } catch {
            guard values.count > 1 else {
                edited.problems += values.map {
                    Diagnostic(
                        code: error.code, "cannot replace \($0.entry.label): \(error.message)", hint: error.hint,
                        at: $0.entry.span)
                }
                return
            }
            replace(Array(values.prefix(values.count / 2)), in: &bytes, path, &edited)
            replace(Array(values.dropFirst(values.count / 2)), in: &bytes, path, &edited)
        }
    }
}
