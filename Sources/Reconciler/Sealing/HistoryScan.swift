internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests

/// Looks through the whole history of a repository for what a recipient could open: every version of every file, on
/// every branch, merged or not, renamed and deleted ones included.
struct HistoryScan {
    /// One version of a file, and the commits that brought it.
    private struct Appearance: Sendable {
        let file: TreeFile
        /// Oldest first.
        var commits: [ObjectID]
    }

    /// What was found in the history.
    struct Findings {
        var values: [OffboardingReport.Value] = []
        var commits = 0
    }

    let repositoryPath: String
    /// The manifests' folder, from the root of the repository.
    let folder: String
    let fingerprint: String
    /// The recipient's whole text, where it is known.
    let text: String?
    let workers: Int

    /// Blobs that are larger hold no value that any repository allows.
    private static let maximumFileBytes = SealReader.maximumValueFileBytes

    /// Throws ``GitFailure`` where history is missing or damaged: half a list would be taken for a whole one.
    func run() throws -> Findings {
        let repository = try GitRepository(opening: repositoryPath, searchingParents: true)
        let head = try? repository.resolve("HEAD")
        let commits = try repository.history(of: head.map { [$0] } ?? [], allReferences: true)
        let appearances = try appearances(commits, repository)
        let files = try ParallelMap.run(appearances.count, workers: workers) {
            try GitRepository(opening: repositoryPath, searchingParents: true)
        } _: { repository, number in try read(appearances[number].file, repository) }
        var judge = Judge(fingerprint: fingerprint, repository: repository, versions: zip(appearances, files).map { ($0, $1) })
        for (appearance, file) in zip(appearances, files) {
            if let file { try judge.add(file, at: appearance.file.path, commits: appearance.commits) }
        }
        return Findings(values: judge.values, commits: commits.count)
    }

    /// Each commit against its first parent is enough: what comes in by another parent is found at that one's history.
    private func appearances(_ commits: [ObjectID], _ repository: GitRepository) throws -> [Appearance] {
        var trees: [ObjectID: ObjectID] = [:]
        var places: [TreeFile: Int] = [:]
        var found: [Appearance] = []
        for id in commits {
            let commit = try repository.commit(id)
            trees[id] = commit.tree
            let before = commit.parents.first.flatMap { trees[$0] }
            for change in try repository.changes(from: before, to: commit.tree, prefix: "") {
                guard let file = change.new, isInteresting(file) else { continue }
                if let place = places[file] {
                    found[place].commits.append(id)
                } else {
                    places[file] = found.count
                    found.append(Appearance(file: file, commits: [id]))
                }
            }
        }
        return found
    }

    /// Everything below the manifests' folder; elsewhere, where manifests may have been once, what is named like them.
    private func isInteresting(_ file: TreeFile) -> Bool {
        guard file.kind == .regular || file.kind == .executable else { return false }
        return folder.isEmpty || file.path.hasPrefix(folder + "/")
            || [".yaml", ".yml", ".age"].contains { file.path.hasSuffix($0) }
    }

    /// `nil` for a file that is too large to hold anything of ours.
    private func read(_ file: TreeFile, _ repository: GitRepository) throws -> HistoricFile? {
        guard try repository.blobSizeBytes(file.blob) <= Self.maximumFileBytes else { return nil }
        let bytes = try repository.blob(file.blob, limitBytes: Self.maximumFileBytes)
        return HistoricFile(path: file.path, bytes: bytes, fingerprint: fingerprint, text: text)
    }

    /// Puts together what the versions of files say.
    private struct Judge {
        let fingerprint: String
        let repository: GitRepository
        /// Rules by the path and blob that held them.
        private var rules: [String: [ObjectID: HistoricFile.Rules]] = [:]
        /// Secrets by the file of their value, with the manifests that say so.
        private var owners: [String: [(id: SecretID, manifest: String)]] = [:]
        private var found: [OffboardingReport.Subject: OffboardingReport.Value] = [:]
        private var seen: [OffboardingReport.Subject: Set<[UInt8]>] = [:]

        init(fingerprint: String, repository: GitRepository, versions: [(Appearance, HistoricFile?)]) {
            self.fingerprint = fingerprint
            self.repository = repository
            for case (let appearance, let file?) in versions {
                let path = appearance.file.path
                if let held = file.rules { rules[path, default: [:]][appearance.file.blob] = held }
                for (target, id) in file.valueFiles where owners[target]?.contains(where: { $0.id == id }) != true {
                    owners[target, default: []].append((id, path))
                }
            }
        }

        var values: [OffboardingReport.Value] { found.values.sorted { $0.subject < $1.subject } }

        mutating func add(_ file: HistoricFile, at path: String, commits: [ObjectID]) throws {
            for seal in file.bound {
                note(.field(seal.id, seal.field), .binding, seal.mac, path, commits[0], counter: seal.counter)
            }
            for seal in file.unbound {
                for commit in commits {
                    for subject in try subjects(of: seal, at: path, in: commit) {
                        note(subject, .rules, seal.mac, path, commit, counter: 0)
                    }
                }
            }
        }

        private mutating func note(
            _ subject: OffboardingReport.Subject, _ basis: OffboardingReport.Basis, _ mac: [UInt8], _ path: String,
            _ commit: ObjectID, counter: Int64
        ) {
            guard seen[subject, default: []].insert(mac).inserted else { return }
            let version = OffboardingReport.Version(commit: commit, file: path, counter: counter)
            var value = found[subject] ?? OffboardingReport.Value(subject, basis, [])
            value.versions.append(version)
            if basis == .binding { value.basis = .binding }
            found[subject] = value
        }

        /// The values that an unbound ciphertext is, as far as the recipient may have been able to open it.
        private func subjects(
            of seal: HistoricFile.Unbound, at path: String, in commit: ObjectID
        ) throws -> [OffboardingReport.Subject] {
            let rules = try rules(of: commit)
            if let place = seal.place {
                return isOpen(path, place.id, rules) ? [.field(place.id, place.field)] : []
            }
            if let owners = owners[path] {
                return owners.filter { isOpen($0.manifest, $0.id, rules) }.map { .field($0.id, .whole) }
            }
            // Nobody knows which rule it was made for.
            let isNamed = rules.contains { rules in
                switch rules {
                case .readable(let rules): rules.everyone.contains { $0.fingerprint == fingerprint }
                case .malformed(let mentions): mentions
                }
            }
            return isNamed ? [.file(path)] : []
        }

        private func isOpen(_ manifest: String, _ id: SecretID, _ rules: [HistoricFile.Rules]) -> Bool {
            rules.contains { rules in
                switch rules {
                case .readable(let rules): rules.audience(path: manifest, name: id.name).contains(fingerprint)
                case .malformed(let mentions): mentions
                }
            }
        }

        /// The rules that stood in a commit; more than one where a repository had several by mistake.
        private func rules(of commit: ObjectID) throws -> [HistoricFile.Rules] {
            let tree = try repository.commit(commit).tree
            return try rules.compactMap { path, versions in
                try repository.file(at: path, inTree: tree, prefix: "").flatMap { versions[$0.blob] }
            }
        }
    }
}
