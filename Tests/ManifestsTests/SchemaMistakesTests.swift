import ResealCore
import Testing

@testable import ResealManifests

/// Every mistake that the shape of a kind forbids, at every place where a sample allows it.
@Suite struct SchemaMistakesTests {
    @Test(arguments: Samples.all) func samplesAreValid(_ sample: Samples.Sample) {
        let reading = read(sample.text)
        #expect(reading.errors.isEmpty)
        #expect(reading.manifests.map(\.key.description) == ["\(sample.kind.rawValue).acme/prod/sample"])
        #expect(reading.isComplete && reading.rejected.isEmpty)
    }

    @Test func samplesHaveEveryKey() {
        var seen: Set<String> = []
        for sample in Samples.all { collect(Outline(sample.text), &seen) }
        #expect(ManifestSchema.keys.subtracting(seen).isEmpty)
    }

    private func collect(_ outline: Outline, _ keys: inout Set<String>) {
        switch outline {
        case .scalar: break
        case .list(let items): for item in items { collect(item, &keys) }
        case .map(let entries):
            for entry in entries {
                keys.insert(entry.key)
                collect(entry.value, &keys)
            }
        }
    }

    @Test(arguments: Samples.all) func eachMistakeIsReportedOnceWhereItStands(_ sample: Samples.Sample) {
        let mutations = Mutator.mutations(of: sample)
        #expect(mutations.count > 20)
        for mutation in mutations {
            let errors = read(mutation.text).errors
            #expect(errors.map(\.place) == ["\(mutation.place) \(mutation.code)"], "\(mutation)")
            let said = errors.map { $0.message + " " + ($0.hint ?? "") }.joined()
            #expect(said.contains(mutation.words), "\(mutation): \(said)")
            #expect(!said.contains("hunter2"), "\(mutation)")
        }
    }
}
