internal import ResealCore
internal import ResealGit
internal import ResealHTTP
internal import ResealReconciler

/// From settings to a commit that can be read: opens a folder where it is, and brings a remote repository into its
/// mirror first.
struct CheckoutResolver {
    private static let defaultTimeout = TimeSpan(seconds: 120)
    let settings: GitSettings
    let mirrors: String
    var showsProgress = true
    /// Asked during a fetch, which ends early when it says so.
    var isCancelled: @Sendable () -> Bool = { false }

    func resolve(workTree: Bool) throws -> Checkout {
        let source = try GitSource(try settings.location(), ref: settings.ref)
        if workTree {
            guard source.isLocal else {
                throw UsageFailure(
                    "there is no work tree at \(source.displayLocation)",
                    hint: "name a folder with --repo, or a commit of the remote repository with --ref")
            }
            return try self.workTree(source)
        }
        let path = try repositoryPath(source)
        let repository = try GitRepository(opening: path, searchingParents: source.isLocal)
        return try checkout(source, path, head: repository.resolve(source.ref))
    }

    /// With the commit to compare with, taken from the same repository.
    func resolve(workTree: Bool, base: String) throws -> (Checkout, ObjectID) {
        let checkout = try resolve(workTree: workTree)
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        return (checkout, try repository.resolve(base))
    }

    /// The commit that somebody wants a plan of, as the remote names it: a branch, a tag, the head of a pull or merge
    /// request, or a commit that one of them contains. Nothing else that the mirror may hold counts.
    func resolve(requested ref: String) throws -> Checkout {
        let source = try GitSource(try settings.location(), ref: ref)
        let isRequest = ref.hasPrefix("refs/") && Self.isRequest(ref)
        let isNamed = !ref.hasPrefix("refs/") || ref.hasPrefix("refs/heads/") || ref.hasPrefix("refs/tags/")
        guard isRequest || isNamed else {
            throw UsageFailure(
                "no plan is made of `\(SafeText.line(ref))`",
                hint: "name a branch, a tag, a commit of them, refs/pull/N/head or refs/merge-requests/N/head")
        }
        let path = try repositoryPath(source, reference: isRequest ? ref : nil)
        let repository = try GitRepository(opening: path, searchingParents: source.isLocal)
        let isFetched = isRequest && !source.isLocal
        guard try !isFetched || repository.references().contains(GitMirror.requested) else {
            throw GitFailure(
                .refNotFound, "\(source.displayLocation) has no \(ref)", hint: "check the number of the request")
        }
        let head = try repository.resolve(isFetched ? GitMirror.requested : ref)
        guard try isRequest || isPublished(head, repository) else {
            throw GitFailure(
                .refNotFound, "no branch and no tag contains commit \(head.short)",
                hint: "name the pull request by refs/pull/N/head or refs/merge-requests/N/head")
        }
        return try checkout(source, path, head: head)
    }

    /// What GitHub, Gitea and GitLab call the heads of requests.
    private static func isRequest(_ ref: String) -> Bool {
        let parts = ref.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 4 && (parts[1] == "pull" || parts[1] == "merge-requests") && parts[3] == "head"
            && !parts[2].isEmpty && parts[2].utf8.allSatisfy { (48...57).contains($0) }
    }

    private func isPublished(_ commit: ObjectID, _ repository: GitRepository) throws -> Bool {
        try repository.references().contains { name in
            guard name.hasPrefix("refs/heads/") || name.hasPrefix("refs/tags/"),
                let tip = try? repository.resolve(name)
            else { return false }
            return try tip == commit || repository.isAncestor(commit, of: tip)
        }
    }

    /// Where the repository's objects are, as the last fetch left them.
    func knownRepository() throws -> (location: String, path: String) {
        let source = try GitSource(try settings.location(), ref: settings.ref)
        guard !source.isLocal else { return (FileProbe.absolute(source.location), source.location) }
        return (source.displayLocation, GitMirror(of: source, under: mirrors).path)
    }

    /// The mirror and the branch that commits go to. Throws where the settings name no branch, since `HEAD` is for reading.
    func writableMirror() throws -> (mirror: GitMirror, branch: String) {
        let source = try GitSource(try settings.location(), ref: settings.ref)
        let branch = source.ref.hasPrefix("refs/heads/") ? String(source.ref.dropFirst(11)) : source.ref
        guard branch != "HEAD", !branch.hasPrefix("refs/") else {
            throw UsageFailure(
                "`write-back` needs the name of a branch, and the settings say `\(SafeText.line(source.ref))`",
                hint: "set `ref: main`, or whatever the branch is called")
        }
        let remote =
            source.isLocal ? try GitSource("file://\(FileProbe.absolute(source.location))", ref: source.ref) : source
        return (GitMirror(of: remote, under: mirrors), branch)
    }

    /// For a plan that is applied from elsewhere: an absolute path, or the URL as it was given.
    func fullLocation() throws -> String {
        let source = try GitSource(try settings.location(), ref: settings.ref)
        return source.isLocal ? FileProbe.absolute(source.location) : source.location
    }

    private func workTree(_ source: GitSource) throws -> Checkout {
        var checkout = try checkout(source, source.location, head: nil)
        checkout.workTree = Self.workTreeRoot(source.location)
        return checkout
    }

    /// The top of the work tree that a folder lies in; the folder itself where there is no repository.
    static func workTreeRoot(_ folder: String) -> String {
        let repository = try? GitRepository(opening: folder, searchingParents: true)
        return repository?.workFolder ?? folder
    }

    private func checkout(_ source: GitSource, _ path: String, head: ObjectID?) throws -> Checkout {
        let location = source.isLocal ? FileProbe.absolute(source.location) : source.displayLocation
        return Checkout(
            source: Plan.Source(location: location, ref: source.ref, path: try settings.folder()),
            repositoryPath: path, head: head)
    }

    private func repositoryPath(_ source: GitSource, reference: String? = nil) throws -> String {
        guard !source.isLocal else { return source.location }
        let mirror = GitMirror(of: source, under: mirrors)
        let progress = showsProgress ? Progress("receiving objects:") : nil
        defer { progress?.finish() }
        // What a request adds to a mirror of the branches is small, unless somebody means to fill the disk with it.
        let isSmall = reference != nil && Self.hasBranches(mirror)
        _ = try mirror.fetch(
            reference, credentials: try settings.credentials(), deadline: try timeout(),
            maximumBytes: isSmall ? GitMirror.requestedBytes : GitMirror.defaultBytes,
            transport: TransportRunner(
                onProgress: { progress?.update($0.receivedObjects) }, isCancelled: isCancelled))
        return mirror.path
    }

    private static func hasBranches(_ mirror: GitMirror) -> Bool {
        guard let names = try? mirror.open().references() else { return false }
        return names.contains { $0.hasPrefix("refs/heads/") }
    }

    func timeout() throws -> TimeSpan {
        guard let text = settings["git-timeout"] else { return Self.defaultTimeout }
        guard let span = TimeSpan(text), span.seconds > 0 else {
            throw UsageFailure("`\(text)` is no time for --git-timeout", hint: "write for example 90s or 5m")
        }
        return span
    }
}

extension Checkout {
    /// Takes what is staged in place of the work tree's files. Git names the index of a commit that is being made to its
    /// hooks, which is another one for `git commit FILE`.
    mutating func readIndex() throws {
        let repository = try GitRepository(opening: workTree ?? repositoryPath, searchingParents: true)
        staged = StagedFiles(try repository.stagedFiles(index: Terminal.environment()["GIT_INDEX_FILE"]))
    }
}

extension GitSettings {
    /// The token's file is read anew each time, so a token that is replaced in it is used from then on.
    func credentials() throws -> GitCredentials {
        var credentials = GitCredentials(
            sshKeyFile: self["ssh-key"], useAgent: true, knownHostsFile: self["known-hosts"],
            token: try self["token-file"].map { try ValueInput.firstLine(ofFile: $0) }, caFile: self["ca-file"],
            proxy: self["proxy"])
        switch (self["client-certificate"], self["client-key"]) {
        case (nil, nil): break
        case (let certificate?, let key?):
            credentials.clientCertificate = GitCredentials.ClientCertificate(certificate: certificate, key: key)
        default:
            throw UsageFailure(
                "`client-certificate` and `client-key` go together", hint: "name both files, or neither")
        }
        return credentials
    }

    /// A saved plan names its own place.
    mutating func override(_ plan: SavedPlan) {
        set("repo", plan.source.location)
        set("ref", plan.source.ref)
        set("path", plan.source.path)
    }

    /// For commands of authors, who work where they stand, whatever repository the vault is applied from.
    mutating func useWorkTree(_ folder: String?) { set("repo", folder ?? ".") }
}
