internal import ResealCore
internal import ResealGit
internal import ResealReconciler
internal import ResealVault

/// What is due for rotation by the reports of the commits that a vault holds. Reads the repository where it lies, or the
/// mirror of the last fetch; fetches nothing.
struct AppliedRotations {
    private var warnings: [Diagnostic] = []
    /// Sources whose repository is not here.
    private var unknown: [String] = []

    init(_ sources: [SourceRecord], home: VaultHome) {
        let configured = (try? GitSettings.load(home))?["repo"]
        for source in sources {
            do {
                warnings += try RotationStatus.warnings(Self.checkout(source, configured: configured, home))
            } catch {
                unknown.append(source.location)
            }
        }
    }

    private static func checkout(_ source: SourceRecord, configured: String?, _ home: VaultHome) throws -> Checkout {
        var path = source.location
        // The vault keeps a location without credentials, by which a mirror cannot be found.
        if !(try GitSource(path, ref: source.ref).isLocal) {
            path = GitMirror(of: try GitSource(configured ?? path, ref: source.ref), under: home.mirrorsPath).path
        }
        return Checkout(
            source: Plan.Source(location: source.location, ref: source.ref, path: source.path), repositoryPath: path,
            head: source.commit)
    }

    /// Empty where nothing is due.
    var lines: [String] {
        warnings.map { SafeText.line($0.message) }
            + unknown.map { "unknown: the repository \(SafeText.line($0)) is not here" }
    }

    /// `null` where it is not known.
    var document: JSON { unknown.isEmpty ? .array(warnings.map(DiagnosticView.json)) : .null }
}
