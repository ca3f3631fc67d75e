internal import CLibGit2

/// An open repository. Reads only its own configuration.
///
/// For one thread at a time, as libgit2's objects are; parallel readers open one each. All calls block.
package final class GitRepository {
    private let handle: OpaquePointer
    private let objects: OpaquePointer

    /// How many files and folders one listing or comparison may touch before it is refused as too large.
    package var maximumEntries = 1_000_000

    /// Opens a bare repository, a work tree's top folder, or a linked work tree or submodule (whose `.git` is a file).
    ///
    /// With `searchingParents`, the folders above `path` are tried too, as git does.
    package init(opening path: String, searchingParents: Bool = false) throws(GitFailure) {
        guard LibGit2.isReady else { throw GitFailure(.native, "libgit2 does not start") }
        guard !path.utf8.contains(0) else { throw GitFailure(.notARepository, "a path holds a zero byte") }
        let flags = searchingParents ? 0 : GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue
        var opened: OpaquePointer?
        let status = git_repository_open_ext(&opened, path, flags, nil)
        guard status == 0, let repository = opened else { throw Self.openFailure(status, path) }
        var database: OpaquePointer?
        let databaseStatus = git_repository_odb(&database, repository)
        guard databaseStatus == 0, let database else {
            let failure = LibGit2.failure(databaseStatus, "cannot read the objects of \(path)")
            git_repository_free(repository)
            throw failure
        }
        handle = repository
        objects = database
    }

    deinit {
        git_odb_free(objects)
        git_repository_free(handle)
    }

    private static func openFailure(_ status: Int32, _ path: String) -> GitFailure {
        let failure = LibGit2.failure(status, "cannot open \(GitText.cleaned(path))")
        if status == GIT_ENOTFOUND.rawValue {
            return GitFailure(
                .notARepository, "\(GitText.cleaned(path)) is not a Git repository",
                hint: "give the folder that holds .git, or a bare repository")
        }
        if failure.message.contains("unsupported extension") || failure.message.contains("unsupported repository") {
            return GitFailure(
                .unsupported, failure.message,
                hint: "libgit2 reads repositories with SHA-1 names and file-based references only")
        }
        return failure
    }

    func withRaw<R, E: Error>(_ body: (OpaquePointer) throws(E) -> R) throws(E) -> R { try body(handle) }
    func withObjects<R, E: Error>(_ body: (OpaquePointer) throws(E) -> R) throws(E) -> R { try body(objects) }

    /// The top folder of the work tree with a trailing `/`; `nil` for a bare repository.
    package var workFolder: String? { git_repository_workdir(handle).map { String(cString: $0) } }
    /// The folder of the repository's own files, with a trailing `/`.
    package var folder: String { GitText.decoded(git_repository_path(handle)) }
    /// True where history was cut off by a shallow clone.
    package var isShallow: Bool { git_repository_is_shallow(handle) == 1 }

    /// Adds what a person can do when an object is missing because the clone was shallow.
    func explained(_ failure: GitFailure) -> GitFailure {
        guard failure.kind == .objectMissing, failure.hint == nil, isShallow else { return failure }
        return GitFailure(
            failure.kind, failure.message,
            hint: "the repository is a shallow clone; run `git fetch --unshallow`, or fetch with full depth in CI")
    }
}
