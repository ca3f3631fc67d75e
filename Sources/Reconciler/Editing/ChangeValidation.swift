internal import ResealCore
internal import ResealGit

/// Judges a change of a work tree before it is made.
struct ChangeValidation {
    let tree: WorkTree
    let folder: String

    /// What the change would make wrong. What is wrong already, and stays so, is nobody's fault here.
    func newErrors(replacing files: [String: [UInt8]]) throws -> [Diagnostic] {
        let base = WorkTreeSnapshotSource(root: tree.root, folder: folder)
        let after = try errors(OverlaySnapshotSource(base: base, replaced: files))
        guard !after.isEmpty else { return [] }
        var known: [String: Int] = [:]
        for error in try errors(base) { known[Self.identity(error), default: 0] += 1 }
        return after.filter { error in
            let identity = Self.identity(error)
            guard let count = known[identity], count > 0 else { return true }
            known[identity] = count - 1
            return false
        }
    }

    private func errors(_ source: any SnapshotSource) throws -> [Diagnostic] {
        do {
            _ = try DesiredLoader.keyless(source).loadAll(basePolicy: nil)
            return []
        } catch let failure as DiagnosticsFailure {
            return failure.errors
        }
    }

    /// Lines move when a file is edited; so do the numbers in a message.
    private static func identity(_ error: Diagnostic) -> String {
        "\(error.code) \(error.span?.file ?? "") \(error.message.filter { !$0.isNumber })"
    }
}
