internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing

extension SOPSImporter {
    /// Writes what is new. No file is ever replaced, and each is whole from its first moment; after an interruption, the
    /// same import does the rest.
    package func write(_ plan: ImportPlan) throws {
        guard plan.problems.isEmpty else { throw DiagnosticsFailure(plan.problems) }
        for item in plan.new {
            for (file, bytes) in item.files {
                let path = join(target.root, file)
                if let end = path.lastIndex(of: "/") { try AtomicFile.createPrivateFolder(String(path[..<end])) }
                FaultPoint.pass("import.beforeFile")
                try write(bytes, to: path, of: item)
            }
        }
    }

    private func write(_ bytes: [UInt8], to path: String, of item: ImportItem) throws {
        do throws(FileFailure) {
            try AtomicFile.write(bytes, to: path, mode: 0o644, replacing: false)
        } catch {
            guard error.kind == .exists, isLeftover(path, of: item) else { throw error }
        }
    }

    /// True for the sealed file of a value whose manifest an earlier run did not get to.
    private func isLeftover(_ path: String, of item: ImportItem) -> Bool {
        guard path.hasSuffix(".age"), let value = item.sealedValue,
            let bytes = try? AtomicFile.read(path, limit: SOPSFile.maximumBytes * 2),
            let file = try? SealedFile(parsing: bytes), let binding = try? Binding.find(in: file.header.stanzas)
        else { return false }
        let isInPlace =
            binding.mismatch(
                repository: target.repositoryID ?? "", organization: options.organization, secret: item.name,
                field: .whole) == nil
        return isInPlace && (try? file.open(with: identities))?.isEqual(to: value) ?? false
    }
}
