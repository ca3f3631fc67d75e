internal import CLibGit2
internal import ResealCore

/// The library itself: started once, never shut down.
enum LibGit2 {
    /// True once libgit2 runs with our settings: it reads no configuration of the user or the system (what a reconcile
    /// sees must not depend on the account it runs under), makes no owner check (the callers name the repository), and
    /// keeps its caches small.
    static let isReady: Bool = {
        guard git_libgit2_init() > 0 else { return false }
        _ = reseal_git_set_owner_validation(0)
        let levels = [
            GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA,
        ]
        for level in levels { _ = reseal_git_set_search_path(level.rawValue, "") }
        // A controller passes by new trees with each commit, and asks for few of them again.
        _ = reseal_git_set_cache_max_bytes(2 << 20)
        // The trees near the root of a large repository are read at each reconcile; the default limit leaves them out.
        _ = reseal_git_set_cache_object_limit(GIT_OBJECT_TREE, 1 << 20)
        // What is mapped of packs counts as memory of the process.
        _ = reseal_git_set_mapped_limit(16 << 20)
        _ = reseal_git_set_window_size(4 << 20)
        _ = reseal_git_set_pack_max_object_bytes(512 << 20)
        _ = reseal_git_set_fsync(1)
        allowHarmlessExtensions()
        return true
    }()

    /// Repository extensions that do not change how objects and references are read. libgit2 would refuse to open
    /// any clone with a sparse checkout, for example.
    private static func allowHarmlessExtensions() {
        let names: [StaticString] = ["worktreeconfig", "preciousobjects", "partialclone"]
        var pointers: [UnsafePointer<CChar>?] = names.map {
            UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self)
        }
        _ = reseal_git_set_extensions(&pointers, pointers.count)
    }

    /// The failure of a call that has just returned `status` on this thread.
    static func failure(_ status: Int32, _ what: String, hint: String? = nil) -> GitFailure {
        let last = git_error_last()
        let text = last?.pointee.message.map { GitText.cleaned(String(cString: $0)) } ?? "status \(status)"
        let kind: GitFailure.Kind =
            switch (git_error_code(status), git_error_t(UInt32(bitPattern: last?.pointee.klass ?? 0))) {
            case (GIT_ENOTFOUND, GIT_ERROR_ODB): .objectMissing
            case (GIT_EMISMATCH, _), (_, GIT_ERROR_ZLIB), (_, GIT_ERROR_OBJECT), (_, GIT_ERROR_TREE): .corrupt
            case (GIT_ERROR, GIT_ERROR_ODB): .corrupt
            default: .native
            }
        return GitFailure(kind, "\(what): \(text)", hint: hint ?? (kind == .corrupt ? corruptionHint : nil))
    }

    static let corruptionHint = "check the repository with `git fsck --full`; a fresh clone repairs a damaged copy"
}

/// Checks a status in which libgit2 means success by zero or more. Synchronous, so that the error text, which libgit2
/// keeps for each thread, is still that of the call.
func git(_ what: @autoclosure () -> String, _ status: Int32) throws(GitFailure) {
    guard status < 0 else { return }
    throw LibGit2.failure(status, what())
}

/// Text that comes from outside, made fit for messages.
package enum GitText {
    /// One line without control characters and without user info in URLs.
    package static func cleaned(_ text: String) -> String {
        let line = String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
        return withoutUserInfo(line)
    }

    /// Removes `user:password@` behind each `://`.
    static func withoutUserInfo(_ text: String) -> String {
        var out = ""
        var rest = Substring(text)
        while let mark = rest.firstRange(of: "://") {
            out += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            let authority = rest.prefix { !"/?# '\"".contains($0) }
            if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        }
        return out + rest
    }

    /// Decodes C text of a repository, which may hold any bytes.
    static func decoded(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }
}

extension ObjectID {
    init(_ raw: git_oid) {
        let id = withUnsafeBytes(of: raw.id) { ObjectID(bytes: $0) }
        guard let id else { preconditionFailure("a git_oid holds 20 bytes") }
        self = id
    }

    var raw: git_oid {
        var raw = git_oid()
        withUnsafeMutableBytes(of: &raw.id) { $0.copyBytes(from: bytes) }
        return raw
    }
}
