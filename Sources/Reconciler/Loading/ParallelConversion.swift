internal import Dispatch
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealVault
internal import Synchronization

/// What a set of files says.
struct ConvertedSet {
    /// Sorted by key; duplicates are still in it.
    var manifests: [ConvertedManifest] = []
    /// The manifests that are not secrets, in full.
    var definitions: [Manifest] = []
    var diagnostics: [Diagnostic] = []
    /// Resources that are declared with errors: references to them do not dangle.
    var rejected: Set<ResourceKey> = []
    /// False when a document could not be read at all, so that what it declares is unknown.
    var isComplete = true

    /// True when something that everything else is judged by is declared here, well or badly.
    var definesRules: Bool {
        definitions.contains { $0.key.kind.isRule } || rejected.contains { $0.kind.isRule }
    }
}

extension ResourceKind {
    /// True for the kinds by which everything else is judged.
    var isRule: Bool { self == .repository || self == .recipients }
}

/// Reads and converts files on all cores. The result does not depend on which core took which file.
enum ParallelConversion {
    private static let chunk = 64

    static func run(
        _ files: [TreeFile], workers: Int, progress: @Sendable (Int) -> Void,
        makeConverter: @Sendable () throws -> ManifestConverter
    ) throws -> ConvertedSet {
        let cursor = Mutex(0)
        let outcome = Mutex<Result<ConvertedSet, any Error>>(.success(ConvertedSet()))
        let count = max(1, min(workers, (files.count + chunk - 1) / chunk))
        DispatchQueue.concurrentPerform(iterations: count) { _ in
            do {
                var converter = try makeConverter()
                while let range = next(cursor, of: files.count) {
                    for file in files[range] { try converter.convert(file) }
                    progress(range.upperBound)
                }
                outcome.withLock { $0 = $0.map { merge($0, converter) } }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        var set = try outcome.withLock { try $0.get() }
        set.manifests.sort {
            $0.resource.key == $1.resource.key
                ? $0.resource.position.span < $1.resource.position.span : $0.resource.key < $1.resource.key
        }
        set.definitions.sort { $0.span < $1.span }
        return set
    }

    private static func next(_ cursor: borrowing Mutex<Int>, of count: Int) -> Range<Int>? {
        cursor.withLock { start in
            guard start < count else { return nil }
            let range = start..<min(start + chunk, count)
            start = range.upperBound
            return range
        }
    }

    private static func merge(_ set: ConvertedSet, _ converter: ManifestConverter) -> ConvertedSet {
        var set = set
        set.manifests += converter.converted
        set.definitions += converter.definitions
        set.diagnostics += converter.diagnostics
        set.rejected.formUnion(converter.rejected)
        set.isComplete = set.isComplete && converter.isComplete
        return set
    }
}
