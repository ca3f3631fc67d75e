internal import CLibGit2
internal import Glibc
internal import ResealCore

/// New content for a file of a work tree.
package struct FileReplacement: Sendable {
    /// From the root of the work tree.
    package let path: String
    /// What the file held when the new content was made from it.
    package let before: [UInt8]
    package let after: [UInt8]

    package init(path: String, before: [UInt8], after: [UInt8]) {
        self.path = path
        self.before = before
        self.after = after
    }
}

extension WorkTree {
    /// The end of the name of a file that is not in its place yet.
    fileprivate static let draftSuffix = ".reseal-draft"

    /// True for what an interrupted ``replace(_:)`` may have left behind.
    package static func isDraft(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name.hasPrefix(".") && name.hasSuffix(draftSuffix)
    }

    /// Replaces the content of regular files, each of them whole: whenever this process or the machine stops, a file has
    /// its old bytes or the new ones. Permissions stay.
    ///
    /// All new content is on disk before the first file is replaced, with one sync for all of them.
    ///
    /// - Returns: the files that were left as they are, with the reason: changed since they were read, read-only, gone.
    package func replace(_ files: [FileReplacement]) -> [(path: String, failure: GitFailure)] {
        var refused: [(path: String, failure: GitFailure)] = []
        var drafts: [Draft] = []
        for file in files {
            do throws(GitFailure) { drafts.append(try Draft(of: file, in: self)) } catch {
                refused.append((file.path, error))
            }
        }
        guard !drafts.isEmpty else { return refused }
        FaultPoint.pass("worktree.beforeSync")
        if let failure = sync() {
            for draft in drafts { draft.discard(in: self) }
            return refused + drafts.map { ($0.file.path, failure) }
        }
        for draft in drafts {
            FaultPoint.pass("worktree.beforeRename")
            do throws(GitFailure) { try draft.putInPlace(in: self) } catch {
                refused.append((draft.file.path, error))
            }
        }
        FaultPoint.pass("worktree.afterRename")
        _ = sync()
        return refused
    }

    /// Brings everything that was written to disk; the failure if that does not work.
    private func sync() -> GitFailure? {
        let descriptor = Descriptor(adopting: open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard syncfs(descriptor.number) != 0 else { return nil }
        return GitFailure(.file, "cannot sync the new files: \(String(cString: strerror(errno)))")
    }

    /// Removes what interrupted replacements left behind.
    package func removeDrafts(_ paths: [String]) {
        for path in paths where Self.isDraft(path) {
            guard let segments = try? segments(path), let name = segments.last,
                let folder = try? openFolder(segments.dropLast())
            else { continue }
            unlinkat(folder.number, name, 0)
        }
    }

    fileprivate func place(of path: String) throws(GitFailure) -> Place {
        let segments = try segments(path)
        guard let name = segments.last, let folder = try openFolder(segments.dropLast()) else {
            throw GitFailure(.file, "there is no file \(GitText.cleaned(path))")
        }
        return Place(folder: folder, name: name)
    }
}

/// A name in an open folder.
private struct Place: ~Copyable {
    let folder: Descriptor
    let name: String
}

/// New content that stands beside the file that it is for.
private struct Draft {
    let file: FileReplacement
    private let name: String

    /// Writes it.
    init(of file: FileReplacement, in tree: WorkTree) throws(GitFailure) {
        let place = try tree.place(of: file.path)
        self.file = file
        name = ".\(place.name.prefix(64)).\(String(UInt64.random(in: 0 ... .max), radix: 36))\(WorkTree.draftSuffix)"
        guard let info = place.folder.status(of: Array(place.name.utf8)), info.st_mode & S_IFMT == S_IFREG else {
            throw GitFailure(.file, "\(GitText.cleaned(file.path)) is not a regular file any more")
        }
        // Whoever takes the right to write away wants the file to stay, also where the folder would let it be replaced.
        guard info.st_mode & S_IWUSR != 0 else {
            throw GitFailure(
                .file, "\(GitText.cleaned(file.path)) is read-only", hint: "chmod u+w \(GitText.cleaned(file.path))")
        }
        let number = openat(place.folder.number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw refusal("write beside") }
        let descriptor = Descriptor(adopting: number)
        guard fchmod(descriptor.number, info.st_mode & 0o777) == 0, Self.writeAll(file.after, to: descriptor) else {
            let failure = refusal("write beside")
            unlinkat(place.folder.number, name, 0)
            throw failure
        }
    }

    /// Checks once more that nobody changed the file meanwhile, and renames over it.
    func putInPlace(in tree: WorkTree) throws(GitFailure) {
        let place = try tree.place(of: file.path)
        do throws(GitFailure) {
            let present = try WorkTree.readFile(
                Array(place.name.utf8), in: place.folder, path: file.path, limitBytes: file.before.count + 1)
            guard present == file.before else { throw changed }
            guard renameat(place.folder.number, name, place.folder.number, place.name) == 0 else {
                throw refusal("replace")
            }
        } catch {
            unlinkat(place.folder.number, name, 0)
            throw error.kind == .tooLarge ? changed : error
        }
    }

    func discard(in tree: WorkTree) {
        guard let place = try? tree.place(of: file.path) else { return }
        unlinkat(place.folder.number, name, 0)
    }

    private var changed: GitFailure {
        GitFailure(
            .file, "\(GitText.cleaned(file.path)) was changed while it was being edited", hint: "run the command again")
    }

    private func refusal(_ what: String) -> GitFailure {
        GitFailure(.file, "cannot \(what) \(GitText.cleaned(file.path)): \(String(cString: strerror(errno)))")
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: borrowing Descriptor) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor.number, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }
}
