internal import CLibGit2
package import ResealCore

extension GitRepository {
    /// Writes the objects of a commit. No reference is moved; `nil` when the changes leave the base's files as they
    /// are.
    ///
    /// The same draft (and an Ed25519 or RSA key, whose signatures do not vary) gives the same commit, so a caller that
    /// died may simply ask again.
    ///
    /// Throws ``GitFailure/Kind/invalidCommit`` for a path that leads through a symbolic link, a submodule or a file,
    /// or replaces anything but a regular file, and for the removal of a file that is not there.
    package func commit(_ draft: CommitDraft, signer: SSHCommitSigner? = nil) throws(GitFailure) -> ObjectID? {
        let base = try commit(draft.base)
        let edit = try TreeEdit(draft.changes)
        var tree = try emptyTree()
        if let edited = try edit.apply(to: base.tree, in: self) { tree = edited }
        guard tree != base.tree else { return nil }
        let content = try content(of: draft, tree: tree)
        let signature = try signer?.sign(content)
        var id = git_oid()
        let status = withTerminated(content) { content in
            withRaw { repository in
                guard let signature else {
                    return git_commit_create_with_signature(&id, repository, content, nil, nil)
                }
                return git_commit_create_with_signature(&id, repository, content, signature, "gpgsig")
            }
        }
        try git("cannot write the commit", status)
        return ObjectID(id)
    }

    /// The bytes of the commit without a signature: what is signed.
    private func content(of draft: CommitDraft, tree: ObjectID) throws(GitFailure) -> [UInt8] {
        let author = try SignatureLine(draft.author)
        let committer = try SignatureLine(draft.committer)
        let message = try draft.message.text()
        var (rawTree, rawParent) = (tree.raw, draft.base.raw)
        var treeHandle: OpaquePointer?
        var parent: OpaquePointer?
        try git("cannot read the new tree", withRaw { git_tree_lookup(&treeHandle, $0, &rawTree) })
        defer { git_tree_free(treeHandle) }
        try git("cannot read commit \(draft.base.short)", withRaw { git_commit_lookup(&parent, $0, &rawParent) })
        defer { git_commit_free(parent) }
        var buffer = git_buf()
        defer { git_buf_dispose(&buffer) }
        var parents = [parent]
        let status = withRaw { repository in
            parents.withUnsafeMutableBufferPointer {
                git_commit_create_buffer(
                    &buffer, repository, author.raw, committer.raw, nil, message, treeHandle, 1, $0.baseAddress)
            }
        }
        try git("cannot prepare the commit", status)
        return Array(UnsafeRawBufferPointer(start: buffer.ptr, count: buffer.size))
    }

    private func emptyTree() throws(GitFailure) -> ObjectID {
        var builder: OpaquePointer?
        try git("cannot make a tree", withRaw { git_treebuilder_new(&builder, $0, nil) })
        defer { git_treebuilder_free(builder) }
        var id = git_oid()
        try git("cannot write a tree", git_treebuilder_write(&id, builder))
        return ObjectID(id)
    }

    private func withTerminated<R>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
        (bytes + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let base = text.baseAddress else {
                    preconditionFailure("an array with a zero byte has an address")
                }
                return body(base)
            }
        }
    }
}

/// Sole owner of one `git_signature *`: name, address and time as Git writes them.
private struct SignatureLine: ~Copyable {
    let raw: UnsafeMutablePointer<git_signature>

    init(_ person: CommitPerson) throws(GitFailure) {
        guard person.isValid else {
            throw GitFailure(
                .invalidCommit,
                "`\(GitText.cleaned(person.name)) <\(GitText.cleaned(person.email))>` cannot author a commit",
                hint: "give a name and an address, without `<`, `>` and line ends")
        }
        var created: UnsafeMutablePointer<git_signature>?
        let seconds = person.time.milliseconds.quotientAndRemainder(dividingBy: 1000).quotient
        let status = git_signature_new(&created, person.name, person.email, seconds, 0)
        guard status == 0, let created else { throw LibGit2.failure(status, "cannot name the author") }
        raw = created
    }

    deinit { git_signature_free(raw) }
}
