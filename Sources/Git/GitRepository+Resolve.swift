internal import CLibGit2
package import ResealCore

extension GitRepository {
    /// Finds the commit that `revision` names: `HEAD`, a full reference, a branch, a tag, a remote's branch, or a
    /// commit id of 4 to 40 digits, in that order; each may be followed by `~N` and `^N` as in git.
    ///
    /// Throws ``GitFailure/Kind/unbornBranch`` for a branch without a commit and ``GitFailure/Kind/refNotFound`` for an
    /// unknown name.
    package func resolve(_ revision: String) throws(GitFailure) -> ObjectID {
        let name = revision.prefix { $0 != "~" && $0 != "^" }
        var id = try resolveName(String(name))
        var rest = revision.dropFirst(name.count)
        while let mark = rest.popFirst() {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard mark == "~" || mark == "^", let count = digits.isEmpty ? 1 : Int(digits) else {
                throw unknown(revision)
            }
            id = try mark == "~" ? ancestor(of: id, generations: count) : parent(count, of: id)
        }
        return id
    }

    private func ancestor(of id: ObjectID, generations: Int) throws(GitFailure) -> ObjectID {
        var id = id
        for _ in 0..<generations { id = try parent(1, of: id) }
        return id
    }

    private func parent(_ number: Int, of id: ObjectID) throws(GitFailure) -> ObjectID {
        guard number > 0 else { return id }
        let parents = try commit(id).parents
        guard number <= parents.count else {
            throw GitFailure(.refNotFound, "commit \(id.short) has \(parents.count) parents, not \(number)")
        }
        let parent = parents[number - 1]
        guard hasCommit(parent) else {
            throw explained(GitFailure(.objectMissing, "commit \(parent.short) is not in the repository"))
        }
        return parent
    }

    private func resolveName(_ name: String) throws(GitFailure) -> ObjectID {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw unknown(name) }
        let candidates =
            name == "HEAD" || name.hasPrefix("refs/")
            ? [name] : ["refs/heads/\(name)", "refs/tags/\(name)", "refs/remotes/\(name)"]
        for candidate in candidates {
            if let id = try commit(atReference: candidate, named: name) { return id }
        }
        if let id = try commit(withPrefix: name) { return id }
        throw try isUnborn(name) ? unborn(name) : unknown(name)
    }

    /// `nil` if there is no such reference, or if it points to a reference that does not exist.
    private func commit(atReference reference: String, named name: String) throws(GitFailure) -> ObjectID? {
        var isValid: Int32 = 0
        guard git_reference_name_is_valid(&isValid, reference) == 0, isValid == 1 else { return nil }
        var found: OpaquePointer?
        var status = withRaw { git_reference_lookup(&found, $0, reference) }
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try git("cannot read \(GitText.cleaned(reference))", status)
        defer { git_reference_free(found) }
        var target: OpaquePointer?
        status = git_reference_peel(&target, found, GIT_OBJECT_COMMIT)
        defer { git_object_free(target) }
        if status == 0, let id = git_object_id(target) { return ObjectID(id.pointee) }
        if status == GIT_EPEEL.rawValue || status == GIT_EINVALIDSPEC.rawValue {
            throw GitFailure(.refNotFound, "`\(GitText.cleaned(name))` does not lead to a commit")
        }
        // A symbolic reference to nothing, such as HEAD of an empty repository.
        if status == GIT_ENOTFOUND.rawValue, git_reference_type(found) == GIT_REFERENCE_SYMBOLIC { return nil }
        throw explained(LibGit2.failure(status, "cannot read what \(GitText.cleaned(reference)) points to"))
    }

    private func commit(withPrefix digits: String) throws(GitFailure) -> ObjectID? {
        guard (4...40).contains(digits.utf8.count), digits.utf8.allSatisfy({ Self.isHexDigit($0) }) else { return nil }
        var raw = git_oid()
        try git("cannot read the id \(digits)", git_oid_fromstrn(&raw, digits, digits.utf8.count))
        var found: OpaquePointer?
        let status = withRaw { git_object_lookup_prefix(&found, $0, &raw, digits.utf8.count, GIT_OBJECT_ANY) }
        if status == GIT_ENOTFOUND.rawValue {
            guard digits.utf8.count == 40 else { return nil }
            throw explained(GitFailure(.objectMissing, "commit \(digits.prefix(10)) is not in the repository"))
        }
        if status == GIT_EAMBIGUOUS.rawValue {
            throw GitFailure(.refAmbiguous, "the short id \(digits) fits several objects", hint: "give more digits")
        }
        try git("cannot find the commit \(digits)", status)
        defer { git_object_free(found) }
        var commit: OpaquePointer?
        defer { git_object_free(commit) }
        guard git_object_peel(&commit, found, GIT_OBJECT_COMMIT) == 0, let id = git_object_id(commit) else {
            throw GitFailure(.refNotFound, "object \(digits.prefix(10)) is not a commit")
        }
        return ObjectID(id.pointee)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// HEAD and the branch that HEAD names, as long as nothing has been committed; any branch of an empty repository.
    private func isUnborn(_ name: String) throws(GitFailure) -> Bool {
        if name == "HEAD" { return true }
        guard try !references().isEmpty else { return !name.hasPrefix("refs/tags/") }
        var head: OpaquePointer?
        guard withRaw({ git_reference_lookup(&head, $0, "HEAD") }) == 0 else { return false }
        defer { git_reference_free(head) }
        let target = GitText.decoded(git_reference_symbolic_target(head))
        return target == name || target == "refs/heads/\(name)"
    }

    private func unborn(_ name: String) -> GitFailure {
        GitFailure(
            .unbornBranch, "the branch `\(GitText.cleaned(name))` has no commit yet",
            hint: "commit the manifests and push them")
    }

    private func unknown(_ name: String) -> GitFailure {
        let known = (try? references()) ?? []
        let names = known.compactMap { reference in
            ["refs/heads/", "refs/tags/"].first { reference.hasPrefix($0) }.map {
                String(reference.dropFirst($0.count))
            }
        }
        let nearest = NearestName.suggestion(for: name, in: names)
        let some = names.prefix(5).joined(separator: ", ")
        return GitFailure(
            .refNotFound, "there is no branch, tag or commit `\(GitText.cleaned(name))`",
            hint: nearest.map { "did you mean `\(GitText.cleaned($0))`?" }
                ?? (some.isEmpty ? nil : "there are: \(GitText.cleaned(some))\(names.count > 5 ? ", …" : "")"))
    }

    /// The names of all references, `HEAD` not among them.
    package func references() throws(GitFailure) -> [String] {
        var list = git_strarray()
        try git("cannot list the references", withRaw { git_reference_list(&list, $0) })
        defer { git_strarray_dispose(&list) }
        return (0..<list.count).compactMap { n in list.strings[n].map { String(cString: $0) } }.sorted()
    }
}
