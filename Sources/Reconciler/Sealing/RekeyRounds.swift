internal import ResealCore
internal import ResealGit

/// Reseals the values of some files at a time: reads the files, reseals their values and edits the files, each step on
/// all cores.
struct RekeyRounds {
    private let steps: RekeySteps
    private var matched: Set<Int> = []
    private var names: Set<String> = []
    /// Whose value each file is that holds one.
    private var owners: [String: SecretID] = [:]

    init(_ steps: RekeySteps) { self.steps = steps }

    /// Findings about words of the selection that no value fits; complete after the last round.
    var unmatched: [Diagnostic] { steps.selection.unmatched(matched, among: names) }

    /// - Returns: the new content of the files, in no dry run.
    mutating func run(_ files: [TreeFile], _ report: inout RekeyReport) throws -> [FileReplacement] {
        let readings = claimingFiles(try read(files))
        let outcomes = try reseal(readings)
        let edited = try edit(readings, outcomes)
        for (reading, file) in zip(readings, edited) {
            report.fitting += reading.fitting
            report.resealed += file.resealed
            report.files.formUnion(file.replacements.map(\.path))
            report.problems += reading.problems + file.problems
            matched.formUnion(reading.matched)
            names.formUnion(reading.names)
        }
        return steps.isDryRun ? [] : edited.flatMap(\.replacements)
    }

    private func read(_ files: [TreeFile]) throws -> [RekeyReading] {
        let steps = steps
        return try ParallelMap.run(files.count, workers: steps.rekeying.workers, chunk: 4) {
            try RekeyReaders(steps.rekeying)
        } _: { readers, number in
            steps.read(files[number], readers)
        }
    }

    private func reseal(_ readings: [RekeyReading]) throws -> [[RekeySteps.Outcome]] {
        let steps = steps
        let places = readings.indices.flatMap { file in readings[file].jobs.indices.map { (file, $0) } }
        let outcomes = try ParallelMap.run(places.count, workers: steps.rekeying.workers, chunk: 8) {
        } _: { _, number in
            steps.reseal(readings[places[number].0].jobs[places[number].1])
        }
        var byFile = readings.map { _ in [RekeySteps.Outcome]() }
        for (place, outcome) in zip(places, outcomes) { byFile[place.0].append(outcome) }
        return byFile
    }

    private func edit(_ readings: [RekeyReading], _ outcomes: [[RekeySteps.Outcome]]) throws -> [RekeyedFile] {
        let steps = steps
        return try ParallelMap.run(readings.count, workers: steps.rekeying.workers, chunk: 4) {
        } _: { _, number in
            steps.edit(readings[number], outcomes[number])
        }
    }

    private mutating func claimingFiles(_ readings: [RekeyReading]) -> [RekeyReading] {
        var readings = readings
        for index in readings.indices { claimFiles(&readings[index]) }
        return readings
    }

    /// A sealed file belongs to one secret, since its binding can name only one.
    private mutating func claimFiles(_ reading: inout RekeyReading) {
        reading.jobs.removeAll { job in
            let entry = job.seal.entry
            guard let file = entry.valueFile else { return false }
            guard let owner = owners[file] else {
                owners[file] = entry.id
                return false
            }
            reading.problems.append(
                Diagnostic(
                    code: "value.shared-file", "the file \(file) is the value of \(owner) and of \(entry.id)",
                    hint: "give each secret a file of its own", at: entry.span))
            return true
        }
    }
}
