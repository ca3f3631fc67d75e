internal import CLibGit2
internal import ResealCore

/// One file of Git's configuration: a repository's, or a user's.
///
/// For one thread at a time. Changes are on disk, as a whole, when a call returns.
package final class GitConfiguration {
    private let handle: OpaquePointer
    private let name: String

    /// The configuration that belongs to the repository with the folder, and to no work tree or user.
    package convenience init(ofRepository path: String) throws(GitFailure) {
        let repository = try GitRepository(opening: path, searchingParents: true)
        let handle = try repository.withRaw { (raw) throws(GitFailure) -> OpaquePointer in
            var all: OpaquePointer?
            try git("cannot read the configuration of \(GitText.cleaned(path))", git_repository_config(&all, raw))
            defer { git_config_free(all) }
            var local: OpaquePointer?
            try git(
                "cannot read the configuration of \(GitText.cleaned(path))",
                git_config_open_level(&local, all, GIT_CONFIG_LEVEL_LOCAL))
            guard let local else { throw GitFailure(.native, "the repository has no configuration") }
            return local
        }
        self.init(adopting: handle, name: path)
    }

    /// The file need not exist before the first change.
    package convenience init(file path: String) throws(GitFailure) {
        guard LibGit2.isReady else { throw GitFailure(.native, "libgit2 does not start") }
        var opened: OpaquePointer?
        try git("cannot read \(GitText.cleaned(path))", git_config_open_ondisk(&opened, path))
        guard let opened else { throw GitFailure(.native, "cannot read \(GitText.cleaned(path))") }
        self.init(adopting: opened, name: path)
    }

    private init(adopting handle: OpaquePointer, name: String) {
        self.handle = handle
        self.name = name
    }

    deinit { git_config_free(handle) }

    /// The value of a key such as `diff.reseal.textconv`; `nil` if it has none.
    package func value(_ key: String) throws(GitFailure) -> String? {
        var buffer = git_buf()
        defer { git_buf_dispose(&buffer) }
        let status = git_config_get_string_buf(&buffer, handle, key)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try git("cannot read \(key)", status)
        return GitText.decoded(buffer.ptr)
    }

    package func set(_ key: String, _ value: String) throws(GitFailure) {
        try git(
            "cannot set \(key) in the configuration of \(GitText.cleaned(name))",
            git_config_set_string(handle, key, value))
    }

    /// Nothing happens to a key that is not there.
    package func remove(_ key: String) throws(GitFailure) {
        let status = git_config_delete_entry(handle, key)
        if status == GIT_ENOTFOUND.rawValue { return }
        try git("cannot remove \(key) from the configuration of \(GitText.cleaned(name))", status)
    }
}
